"""COCO's twelve figures from one matching, each by class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from custom.evaluation.matches import COCO_AREAS, COCO_IOU_THRS, Matches
from custom.evaluation.matching import match
from custom.evaluation.metrics import coco
from custom.evaluation.metrics.base import Metric
from custom.evaluation.scoring import Score, score_matches
from custom.tables import GroundTruth, Predictions


def coco_figures(gt: GroundTruth, predictions: Predictions) -> dict[str, Score]:
    """Return what `score` gives for each of COCO's metrics, by name.

    Args:
        gt: The annotated boxes.
        predictions: Detections on at least gt's images.
    """
    matches = match(gt, predictions, COCO_IOU_THRS, tuple(COCO_AREAS))
    return {
        metric.name: score_matches(_part_for(matches, metric), metric) for metric in coco.METRICS
    }


def _part_for(matches: Matches, metric: Metric) -> Matches:
    """Return the thresholds and the area range of a metric."""
    area = matches.areas.index(metric.area)
    thresholds = np.flatnonzero(np.isin(matches.iou_thrs, metric.iou_thrs))
    return replace(
        matches,
        iou_thrs=matches.iou_thrs[thresholds],
        areas=(metric.area,),
        max_dets=metric.max_dets,
        outcomes=matches.outcomes[area : area + 1, thresholds],
        gt_ignored=matches.gt_ignored[area : area + 1],
    )
