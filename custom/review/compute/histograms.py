"""How the scores of hits and misses are spread."""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.evaluation import Curve
from custom.evaluation.counting import HIT, MISS
from custom.review.compute.analysis import Analysis

NUM_BINS = 25
# More points than a chart is wide tell nothing.
MAX_POINTS = 250


def score_edges() -> FloatArray:
    """Return the edges of the bins, shape (NUM_BINS + 1,)."""
    return np.linspace(0.0, 1.0, NUM_BINS + 1, dtype=np.float64)


def score_histogram(analysis: Analysis, label: int) -> tuple[IntArray, IntArray]:
    """Return how many hits and misses of a class have scores in each bin; above 1 is the last."""
    matches = analysis.matches
    part = matches.of_class(label)
    scores, outcomes = np.clip(matches.scores[part], 0.0, 1.0), matches.outcomes[0, 0, part]
    hits, misses = (
        np.histogram(scores[outcomes == outcome], score_edges())[0] for outcome in (HIT, MISS)
    )
    return hits, misses


def curve_points(curve: Curve, max_points: int = MAX_POINTS) -> IntArray:
    """Return which points of a curve to draw: those where recall rises, and those just before.

    Between two of them the curve only falls. Of more than `max_points`, some evenly over recall.
    """
    count = len(curve.scores)
    if count == 0:
        return np.arange(0)
    recall = np.nan_to_num(curve.recall)
    rises = np.flatnonzero(np.diff(recall) > 0) + 1
    corners = np.unique(np.concatenate([[0], rises - 1, rises, [count - 1]]))
    if len(corners) <= max_points:
        return corners
    wanted = np.linspace(recall[0], recall[-1], max_points)
    places = np.searchsorted(recall[corners], wanted).clip(max=len(corners) - 1)
    return corners[np.unique(np.concatenate([[0], places, [len(corners) - 1]]))]
