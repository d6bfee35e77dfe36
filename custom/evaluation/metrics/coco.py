"""COCO's metrics: mean precision over 101 recalls, and recall.

Source: Lin et al. 2014, arXiv:1405.0312; definitions at cocodataset.org/#detection-eval and
pycocotools 2.0.11, `cocoeval.py`.
"""

from __future__ import annotations

from custom.boxes import FloatArray
from custom.evaluation.average_precision import average_precision, average_recall
from custom.evaluation.matches import COCO_IOU_THRS, Integers, Matches
from custom.evaluation.metrics.base import Metric

SOURCE = "cocodataset.org/#detection-eval"
# What decides where a competition names no metric.
DEFAULT_METRIC = "AP50"


def ap_per_class(matches: Matches, image_weights: Integers | None) -> FloatArray:
    """Return the mean over the IoU thresholds of each class's AP."""
    values = average_precision(matches, matches.areas[0], image_weights=image_weights)
    return values.mean(axis=0)


def recall_per_class(matches: Matches, image_weights: Integers | None) -> FloatArray:
    """Return the mean over the IoU thresholds of each class's recall."""
    values = average_recall(matches, matches.areas[0], image_weights=image_weights)
    return values.mean(axis=0)


def _ap(name: str, iou_thrs: tuple[float, ...] = COCO_IOU_THRS, area: str = "all") -> Metric:
    label, part = name.replace("AP", "mAP"), name.removeprefix("AP")
    log_name = f"bbox_mAP_{part}" if part else "bbox_mAP"
    return Metric(
        name, iou_thrs, ap_per_class, SOURCE, area, reference="AP", label=label, log_name=log_name
    )


def _ar(name: str, max_dets: int = 100, area: str = "all") -> Metric:
    return Metric(name, COCO_IOU_THRS, recall_per_class, SOURCE, area, max_dets, reference="AR")


METRICS = (
    _ap(DEFAULT_METRIC, (0.5,)),
    _ap("AP75", (0.75,)),
    _ap("AP"),
    _ap("APs", area="small"),
    _ap("APm", area="medium"),
    _ap("APl", area="large"),
    _ar("AR1", 1),
    _ar("AR10", 10),
    _ar("AR100", 100),
    _ar("ARs", area="small"),
    _ar("ARm", area="medium"),
    _ar("ARl", area="large"),
)
