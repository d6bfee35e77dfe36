"""The project's own scoring as an MMEngine metric: thin over `custom.evaluation`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmdet.registry import METRICS
from mmengine.evaluator import BaseMetric

from custom.evaluation import score
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth


@METRICS.register_module()
class CompetitionMetric(BaseMetric):
    """Score detections with AP50, in total and by class.

    The keys are `coco/bbox_mAP_50`, `coco/bbox_mAP` and `coco/<class>_AP50`, 0 to 1, NaN where
    there is nothing to score. `predictions` holds the table of the last evaluation.

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
        predictions = to_predictions(results)
        self.predictions = predictions
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
