"""What the pages show of one model, computed once and when it is first asked for."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from custom.boxes import FloatArray
from custom.evaluation import (
    Curve,
    Matches,
    Score,
    bootstrap_ap,
    match,
    match_for,
    precision_recall,
    score_matches,
)
from custom.evaluation.bootstrap import interval_of
from custom.evaluation.errors import ErrorReport, find_errors
from custom.tables import GroundTruth, Predictions

METRIC = "AP50"
IOU_THR = 0.5
AREAS = ("all", "small", "medium", "large")
CONFIDENCE = 0.95
NUM_RESAMPLES = 2000


class Analysis:
    """One model judged on labelled images.

    Args:
        gt: The annotated boxes.
        predictions: Of the model, on gt's images in their order.
    """

    def __init__(self, gt: GroundTruth, predictions: Predictions) -> None:
        self.gt, self.predictions = gt, predictions

    @cached_property
    def matches(self) -> Matches:
        """Matched as the metric asks for."""
        return match_for(self.gt, self.predictions, METRIC)

    @cached_property
    def by_area(self) -> Matches:
        """Matched at the metric's IoU in each of COCO's size classes, with the boxes hit."""
        return match(self.gt, self.predictions, (IOU_THR,), AREAS, keep_gt=True)

    @cached_property
    def score(self) -> Score:
        """The metric."""
        return score_matches(self.matches, METRIC)

    @cached_property
    def samples(self) -> FloatArray:
        """The metric on resampled images, shape (R, C+1); the last column is the mean."""
        return bootstrap_ap(self.matches, NUM_RESAMPLES)

    @cached_property
    def interval(self) -> tuple[FloatArray, FloatArray]:
        """Both ends of the interval by class, shapes (C+1,); the last entry is of the mean."""
        return interval_of(self.samples, CONFIDENCE)

    @cached_property
    def errors(self) -> ErrorReport:
        """What kind of error costs how much, after TIDE; see `custom.evaluation.errors`."""
        return find_errors(self.gt, self.predictions)

    @cached_property
    def curves(self) -> tuple[Curve, ...]:
        """Precision and recall by class."""
        return tuple(precision_recall(self.matches, k) for k in range(self.matches.num_classes))

    @cached_property
    def thresholds(self) -> FloatArray:
        """By class, shape (C,), the score from which on F1 is highest; above 1 where none is."""
        best = np.array([curve.best_score_thr() for curve in self.curves])
        return np.where(np.isnan(best), np.inf, best)
