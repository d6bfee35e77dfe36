"""How the scores of hits and misses are spread."""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.evaluation import Curve
from custom.evaluation.kernels import HIT, MISS
from custom.review.analysis import Analysis

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
    """Return which points of a curve to draw: both ends, and others evenly over recall."""
    count = len(curve.scores)
    if count <= max_points:
        return np.arange(count)
    recall = np.nan_to_num(curve.recall)
    wanted = np.linspace(recall[0], recall[-1], max_points)
    places = np.searchsorted(recall, wanted).clip(max=count - 1)
    return np.unique(np.concatenate([[0], places, [count - 1]]))
