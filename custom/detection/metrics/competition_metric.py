"""The project's own scoring as an MMEngine metric: thin over `custom.evaluation`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmdet.registry import METRICS
from mmengine.evaluator import BaseMetric

from custom.boxes import limit_bboxes, overhang
from custom.evaluation import DEFAULT_METRIC, Metric, metric_of, score, score_at_best
from custom.evaluation.metrics.base import LOG_PREFIX, SCORE_THR_KEY
from custom.tables import GroundTruth, Images, Predictions
from custom.tables.coco import read_ground_truth

logger = logging.getLogger(__name__)


@METRICS.register_module()
class CompetitionMetric(BaseMetric):
    """Score detections with the competition's metric, in total and by class.

    The keys are the metric's, as `coco/bbox_mAP_50` or `coco/wheat`, `coco/bbox_mAP` and
    `coco/bbox_mAP_50`, and `coco/<class>_<metric>`, 0 to 1, NaN where there is nothing to score. A
    metric that punishes every false box is taken at its best score threshold, `coco/score_thr`.
    `predictions` holds the table of the last evaluation, with all boxes.

    Boxes are limited to their images, since the heads of YOLOX and others let them reach beyond,
    and what lies outside altogether is left out; both are counted in the log.

    Args:
        ann_file: COCO annotations of the images, labelled or not. Unlabelled images are only
            predicted on; the result then has no keys.
        metric: A name in `custom.evaluation.METRICS`; a config says it in `competition`.
        collect_device: "cpu" or "gpu", where several processes exchange their results.
    """

    default_prefix = LOG_PREFIX

    def __init__(
        self, ann_file: str, metric: str = DEFAULT_METRIC, collect_device: str = "cpu"
    ) -> None:
        super().__init__(collect_device=collect_device)
        self.metric = metric_of(metric)
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
        gt = self.ground_truth.take_ids(predictions.image_ids)
        return log_metrics(gt, predictions, self.metric)


def to_predictions(results: Sequence[tuple[Any, ...]]) -> Predictions:
    """Build the table from one tuple an image: id, bboxes (N, 4), scores (N,), labels (N,)."""
    image_ids, bboxes, scores, labels = zip(*results, strict=True)
    counts = [len(of_image) for of_image in scores]
    image_index = np.repeat(np.arange(len(image_ids)), counts)
    columns = (np.concatenate(bboxes), np.concatenate(scores), np.concatenate(labels))
    return Predictions.from_rows(image_ids, image_index, *columns)


def log_metrics(gt: GroundTruth, predictions: Predictions, metric: Metric) -> dict[str, float]:
    """Return the metric, COCO's two best known, and the metric by class, by their short keys."""
    found = score_at_best(gt, predictions, metric)
    values = {metric.name: found.value}
    for name in (DEFAULT_METRIC, "AP"):
        if name not in values:
            values[name] = score(gt, predictions, name).value
    keyed = {metric_of(name).short_key: value for name, value in values.items()}
    if metric.punishes_false_boxes:
        keyed[SCORE_THR_KEY.removeprefix(f"{LOG_PREFIX}/")] = found.score_thr
    by_class = zip(gt.categories.names, found.per_class.tolist(), strict=True)
    return keyed | {f"{name}_{metric.name}": value for name, value in by_class}


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
