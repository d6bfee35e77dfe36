"""What each single error costs, in mAP: the order in which a gallery shows them.

A false detection costs what mAP would gain if it alone were removed: every hit of its class with
a lower score gains precision. A box that nothing hits costs what it would add if it were found
above everything else: its share of its class. Both leave out AP's interpolation, so that costs
can be added up by image, class and error type.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.evaluation.error_kernels import CLS, LOC, NO_ERROR
from custom.evaluation.errors import ErrorReport
from custom.tables import GroundTruth


@dataclass(frozen=True, eq=False)
class ErrorCosts:
    """What errors cost, 0 to 1.

    Attributes:
        detections: Shape (N,), by row of the report's predictions; 0 for what is no error. An
            error that hides a box which nothing else hits has that box's cost too.
        missed: Shape (G,), by row of the ground truth; 0 for boxes that are not missed.
    """

    detections: FloatArray
    missed: FloatArray


def error_costs(gt: GroundTruth, report: ErrorReport) -> ErrorCosts:
    """Return what every error of a report costs.

    Args:
        gt: The annotated boxes.
        report: Of predictions on them.
    """
    worth = _worth_of_boxes(gt)
    costs = _removal_gains(gt, report)
    hit = np.zeros(gt.num_boxes, np.bool_)
    hit[report.gt_rows[report.kinds == NO_ERROR]] = True
    detections, boxes = _first_claims(report)
    open_boxes = ~hit[boxes]
    costs[detections[open_boxes]] += worth[boxes[open_boxes]]
    return ErrorCosts(costs, np.where(report.missed, worth, 0.0))


def _worth_of_boxes(gt: GroundTruth) -> FloatArray:
    """Return what each annotated box adds to mAP when it is found, shape (G,); 0 for crowds."""
    counted = ~gt.iscrowd
    per_class = np.bincount(gt.labels[counted], minlength=len(gt.categories))
    known = max(int((per_class > 0).sum()), 1)
    return np.where(counted, 1 / np.maximum(per_class, 1)[gt.labels] / known, 0.0)


def _removal_gains(gt: GroundTruth, report: ErrorReport) -> FloatArray:
    """Return what mAP gains where a false detection is removed, shape (N,)."""
    gains = np.zeros(len(report.kinds))
    counted = gt.labels[~gt.iscrowd]
    per_class = np.bincount(counted, minlength=len(gt.categories))
    stays = (report.kinds == NO_ERROR) | ((report.kinds > NO_ERROR) & ~report.ignored)
    for label in np.flatnonzero(per_class):
        rows = np.flatnonzero(stays & (report.predictions.labels == label))
        rows = rows[np.argsort(-report.predictions.scores[rows], kind="stable")]
        is_hit = report.kinds[rows] == NO_ERROR
        gains[rows] = _gains_of_ranks(is_hit) / per_class[label]
    return gains / max(int((per_class > 0).sum()), 1)


def _gains_of_ranks(is_hit: np.ndarray) -> FloatArray:
    """Return the sum of precisions that each false detection in a ranking takes from later hits.

    A hit at rank k with h hits up to it has the precision h / k; with one false detection less
    before it, h / (k - 1).
    """
    ranks = np.arange(1, len(is_hit) + 1)
    hits = np.cumsum(is_hit)
    gain = np.where(is_hit, hits / (ranks * np.maximum(ranks - 1, 1)), 0.0)
    after = np.cumsum(gain[::-1])[::-1] - gain
    return np.where(is_hit, 0.0, after)


def _first_claims(report: ErrorReport) -> tuple[IntArray, IntArray]:
    """Return on each box the most confident detection of a class or localization error."""
    nearly = np.isin(report.kinds, (CLS, LOC)) & ~report.ignored
    rows = np.flatnonzero(nearly)
    rows = rows[np.argsort(-report.predictions.scores[rows], kind="stable")]
    boxes, first = np.unique(report.gt_rows[rows], return_index=True)
    return rows[first], boxes
