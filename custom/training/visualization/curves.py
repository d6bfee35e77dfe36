"""Precision-recall curves in the forms that trackers take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.evaluation import DEFAULT_METRIC, Curve, match_for, precision_recall
from custom.tables import GroundTruth, Predictions


def class_curves(gt: GroundTruth, predictions: Predictions) -> dict[str, Curve]:
    """Return the curve at IoU .5 of each class that is annotated, by name."""
    matches = match_for(gt, predictions, DEFAULT_METRIC)
    curves = {
        name: precision_recall(matches, label) for label, name in enumerate(gt.categories.names)
    }
    return {name: curve for name, curve in curves.items() if curve.num_gt}


def thin(curve: Curve, num: int = 100) -> IntArray:
    """Return at most `num` positions along a curve, evenly apart in recall, its end included."""
    if not len(curve.recall):
        return np.zeros(0, np.int64)
    wanted = np.linspace(curve.recall[0], curve.recall[-1], num)
    return np.unique(np.append(np.searchsorted(curve.recall, wanted), len(curve.recall) - 1))


@dataclass(frozen=True, eq=False)
class Counts:
    """What is found and missed when only boxes of a score or more are kept, all of shape (T,)."""

    tp: FloatArray
    fp: FloatArray
    fn: FloatArray
    precision: FloatArray
    recall: FloatArray


def counts_at(curve: Curve, score_thrs: FloatArray) -> Counts:
    """Return the counts at score thresholds, shape (T,); precision is 1 where nothing is kept."""
    # The last point whose score is at least the threshold; scores fall.
    point = np.searchsorted(-curve.scores, -score_thrs, side="right") - 1
    kept = np.append(curve.num_kept, 0)[point].astype(float)
    tp = np.rint(np.append(curve.precision, 0.0)[point] * kept)
    precision = np.divide(tp, kept, out=np.ones_like(tp), where=kept > 0)
    return Counts(tp, kept - tp, curve.num_gt - tp, precision, tp / curve.num_gt)
