"""The project's own scoring as an MMEngine metric: thin over `custom.evaluation`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmdet.registry import METRICS
from mmengine.evaluator import BaseMetric

from custom.boxes import limit_bboxes, overhang
from custom.evaluation import score
from custom.tables import GroundTruth, Images, Predictions
from custom.tables.coco import read_ground_truth

logger = logging.getLogger(__name__)


@METRICS.register_module()
class CompetitionMetric(BaseMetric):
    """Score detections with AP50, in total and by class.

    The keys are `coco/bbox_mAP_50`, `coco/bbox_mAP` and `coco/<class>_AP50`, 0 to 1, NaN where
    there is nothing to score. `predictions` holds the table of the last evaluation.

    Boxes are limited to their images, since the heads of YOLOX and others let them reach beyond,
    and what lies outside altogether is left out; both are counted in the log.

    Args:
        ann_file: COCO annotations of the images, labelled or not. Unlabelled images are only
            predicted on; the result then has no keys.
        collect_device: "cpu" or "gpu", where several processes exchange their results.
    """

    default_prefix = "coco"

    def __init__(self, ann_file: str, collect_device: str = "cpu") -> None:
        super().__init__(collect_device=collect_device)
        self.ground_truth = read_ground_truth(ann_file)
        self.predictions: Predictions | None = None

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep each image's boxes (xyxy, pixels of the original image), scores and labels."""
        for sample in data_samples:
            found = sample["pred_instances"]
            columns = (found[key].cpu().numpy() for key in ("bboxes", "scores", "labels"))
            self.results.append((int(sample["img_id"]), *columns))

    def compute_metrics(self, results: list[tuple[Any, ...]]) -> dict[str, float]:
        """Build the table from what all processes found, and score it."""
        found = to_predictions(results)
        of_image = self.ground_truth.take_ids(found.image_ids).images
        predictions = self.predictions = limit_to_images(found, of_image)
        if self.ground_truth.num_boxes == 0:
            return {}
        return coco_metrics(self.ground_truth.take_ids(predictions.image_ids), predictions)


def to_predictions(results: Sequence[tuple[Any, ...]]) -> Predictions:
    """Build the table from one tuple an image: id, bboxes (N, 4), scores (N,), labels (N,)."""
    image_ids, bboxes, scores, labels = zip(*results, strict=True)
    counts = [len(of_image) for of_image in scores]
    image_index = np.repeat(np.arange(len(image_ids)), counts)
    columns = (np.concatenate(bboxes), np.concatenate(scores), np.concatenate(labels))
    return Predictions.from_rows(image_ids, image_index, *columns)


def coco_metrics(gt: GroundTruth, predictions: Predictions) -> dict[str, float]:
    """Return mAP50, mAP and each class's AP50, keyed as MMDetection keys them."""
    ap50 = score(gt, predictions, metric="AP50")
    by_class = zip(gt.categories.names, ap50.per_class.tolist(), strict=True)
    return {
        "bbox_mAP_50": ap50.value,
        "bbox_mAP": score(gt, predictions, metric="AP").value,
        **{f"{name}_AP50": value for name, value in by_class},
    }


def limit_to_images(predictions: Predictions, images: Images) -> Predictions:
    """Return the table with its boxes clipped to their images, without those that have no area.

    Args:
        predictions: As a model gives them.
        images: Its images, in the table's order.
    """
    sizes_hw = images.sizes_hw[predictions.image_index]
    beyond = overhang(predictions.bboxes, sizes_hw) > 0.0
    bboxes, has_area = limit_bboxes(predictions.bboxes, sizes_hw)
    if beyond.any() or not has_area.all():
        logger.info(
            "%d of %d boxes reach beyond their image and are clipped to it; %d without area are "
            "left out",
            beyond.sum(),
            len(beyond),
            (~has_area).sum(),
        )
    return predictions.with_columns(bboxes=bboxes).keep(has_area)
