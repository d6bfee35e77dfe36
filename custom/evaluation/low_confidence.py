"""What low-confidence boxes, and the last boxes of an image, add to the score.

Boxes with scores below all others never lower AP, which is why teams submit many of them. What they
add is measured here, and what a threshold would cost, so that nobody trims or pads blindly. A
detection is matched by its own score and those above it alone, so nothing is matched again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from custom.boxes import BoolArray, FloatArray, IntArray
from custom.evaluation.matches import Matches
from custom.evaluation.metrics import DEFAULT_METRIC, Metric, metric_of
from custom.evaluation.scoring import Score, match_for, score_matches
from custom.tables import GroundTruth, Predictions

SCORE_THRS = (0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
COUNTS = (1, 2, 5, 10, 20, 50, 100, 200)


@dataclass(frozen=True, eq=False)
class Cut:
    """What is left when low-confidence boxes are cut at one limit.

    Attributes:
        limit: The score threshold, or the number of boxes an image.
        num_boxes: How many boxes are left on all images.
        value: The metric with these.
        cost: What the cut takes from the metric; negative where it adds.
        per_class_cost: Shape (C,), NaN for a class without boxes.
    """

    limit: float
    num_boxes: int
    value: float
    cost: float
    per_class_cost: FloatArray


@dataclass(frozen=True, eq=False)
class LowConfidenceReport:
    """How much of a metric comes from which low-confidence boxes.

    Attributes:
        full: The score with all boxes.
        num_boxes: How many boxes there are.
        by_score: Only boxes of this score or more, rising thresholds.
        by_count: Only so many boxes of an image, the best of all classes together.
        num_beyond_max_dets: Boxes that the metric leaves out, being too many of an image and class.
    """

    full: Score
    num_boxes: int
    by_score: tuple[Cut, ...]
    by_count: tuple[Cut, ...]
    num_beyond_max_dets: int


def low_confidence_report(
    gt: GroundTruth,
    predictions: Predictions,
    metric: str | Metric = DEFAULT_METRIC,
    score_thrs: Sequence[float] = SCORE_THRS,
    counts: Sequence[int] = COUNTS,
) -> LowConfidenceReport:
    """Report what a score threshold or a limit on boxes an image would cost.

    Args:
        gt: The annotated boxes.
        predictions: Detections on at least gt's images.
        metric: A name in `METRICS`.
        score_thrs: The thresholds to try.
        counts: The limits to try.
    """
    chosen = metric_of(metric)
    matches = match_for(gt, predictions, chosen)
    full = score_matches(matches, chosen)
    ranks = rank_on_image(matches)
    return LowConfidenceReport(
        full,
        len(matches.scores),
        tuple(_row(matches, chosen, full, thr, matches.scores >= thr) for thr in score_thrs),
        tuple(_row(matches, chosen, full, count, ranks < count) for count in counts),
        int((matches.ranks >= matches.max_dets).sum()),
    )


def rank_on_image(matches: Matches) -> IntArray:
    """Return each detection's place among all of its image, shape (N,), by score, from 0."""
    order = np.lexsort((matches.rows, -matches.scores, matches.image_index))
    images = matches.image_index[order]
    first = np.searchsorted(images, images)
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order)) - first
    return ranks


def _row(matches: Matches, metric: Metric, full: Score, limit: float, keep: BoolArray) -> Cut:
    result = score_matches(matches.without(~keep), metric)
    return Cut(
        limit, int(keep.sum()), result.value, full.value - result.value,
        full.per_class - result.per_class,
    )  # fmt: skip
