"""What the pages show of one model, computed once and when it is first asked for."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np

from custom.boxes import FloatArray
from custom.evaluation import (
    DEFAULT_METRIC,
    Curve,
    Matches,
    Metric,
    Score,
    bootstrap_metric,
    match,
    match_at_best,
    match_for,
    metric_of,
    precision_recall,
    score_matches,
)
from custom.evaluation.bootstrap import interval_of
from custom.evaluation.errors import ErrorReport, find_errors
from custom.tables import GroundTruth, Predictions

IOU_THR = 0.5
AREAS = ("all", "small", "medium", "large")
CONFIDENCE = 0.95
NUM_RESAMPLES = 2000


class Analysis:
    """One model evaluated on labelled images.

    The score and its interval are of the competition's metric, at its best score threshold where it
    needs one. Curves, sizes and error types are of all boxes, at an IoU of 0.5.

    Args:
        gt: The annotated boxes.
        predictions: Of the model, on gt's images in their order.
        metric: The competition's metric.
    """

    def __init__(
        self,
        gt: GroundTruth,
        predictions: Predictions,
        metric: str | Metric = DEFAULT_METRIC,
    ) -> None:
        self.gt, self.predictions, self.metric = gt, predictions, metric_of(metric)

    @cached_property
    def scored(self) -> tuple[Matches, float]:
        """Matched as the metric asks for, and the score threshold it is taken at, or 0."""
        return match_at_best(self.gt, self.predictions, self.metric)

    @cached_property
    def matches(self) -> Matches:
        """All boxes, matched at an IoU of 0.5."""
        if self.metric.name == DEFAULT_METRIC:
            return self.scored[0]
        return match_for(self.gt, self.predictions, DEFAULT_METRIC)

    @cached_property
    def unthresholded(self) -> Matches:
        """All of them, to be judged at any threshold: labels as they are matched, boxes at 0.5."""
        if not self.metric.is_of_labels:
            return self.matches
        return match_for(self.gt, self.predictions, self.metric)

    @cached_property
    def by_area(self) -> Matches:
        """Matched at an IoU of 0.5 in each of COCO's size classes, with the boxes hit."""
        return match(self.gt, self.predictions, (IOU_THR,), AREAS, keep_gt=True)

    @cached_property
    def score(self) -> Score:
        """The metric."""
        matches, score_thr = self.scored
        return replace(score_matches(matches, self.metric), score_thr=score_thr)

    @cached_property
    def samples(self) -> FloatArray:
        """The metric on resampled images, shape (R, C+1); the last column is the mean."""
        return bootstrap_metric(self.scored[0], self.metric, NUM_RESAMPLES)

    @cached_property
    def interval(self) -> tuple[FloatArray, FloatArray]:
        """Both ends of the interval by class, shapes (C+1,); the last entry is of the mean."""
        return interval_of(self.samples, CONFIDENCE)

    @cached_property
    def errors(self) -> ErrorReport:
        """What each error type costs in AP50, after TIDE; see `custom.evaluation.errors`."""
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
