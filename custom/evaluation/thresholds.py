"""The score threshold that a metric is taken at.

A false box of low score costs an average precision nothing, and other metrics as much as one of
high score. For these a threshold belongs to the predictions: it is chosen on out-of-fold
predictions, and kept for the test set.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from custom.boxes import FloatArray
from custom.evaluation.matches import Integers, Matches
from custom.evaluation.metrics import DEFAULT_METRIC, Metric, metric_of
from custom.evaluation.scoring import Score, match_for, score_matches
from custom.tables import GroundTruth, Predictions

# How many thresholds are tried in the first round, and in each that looks between neighbours.
FIRST_TRIED, NEXT_TRIED = 33, 17


def best_score_thr(
    matches: Matches, metric: str | Metric, image_weights: Integers | None = None
) -> float:
    """Return the score threshold at which a metric is best; 0 for one that needs none.

    Thresholds are tried so that the numbers of boxes they keep are in equal ratios, then between
    the neighbours of the best, until nothing lies between. Of equal ones the lowest is taken.

    Args:
        matches: Of all boxes, as `match_for` makes them.
        metric: The metric, or its name.
        image_weights: Shape (I,), how often each image stands in the data set that chooses.
    """
    chosen = metric_of(metric)
    levels = np.unique(matches.scores)
    # Where classes exclude each other, the highest score decides, not a threshold.
    if not chosen.punishes_false_boxes or not len(levels) or matches.items is not None:
        return 0.0

    def value_at(index: int) -> float:
        cut = matches.without(matches.scores < levels[index])
        value = chosen.sign * score_matches(cut, chosen, image_weights).value
        return value if np.isfinite(value) else -np.inf

    values: dict[int, float] = {}
    tried = len(levels) - np.geomspace(1, len(levels), FIRST_TRIED)
    while missing := [k for k in np.unique(tried.round()).astype(int).tolist() if k not in values]:
        values |= {index: value_at(index) for index in missing}
        known = sorted(values)
        best = known.index(_first_best(values))
        ends = known[max(best - 1, 0)], known[min(best + 1, len(known) - 1)]
        tried = np.linspace(*ends, NEXT_TRIED)
    return shortest_between(levels, _first_best(values))


def match_at_best(
    gt: GroundTruth, predictions: Predictions, metric: str | Metric = DEFAULT_METRIC
) -> tuple[Matches, float]:
    """Match predictions as a metric asks for, without the boxes below its best score threshold.

    Returns:
        The matches, and the threshold: 0 for a metric that needs none, whose boxes all stay.
    """
    matches = match_for(gt, predictions, metric)
    score_thr = best_score_thr(matches, metric)
    if score_thr == 0.0:
        return matches, 0.0
    return matches.without(matches.scores < score_thr), score_thr


def score_at_best(
    gt: GroundTruth, predictions: Predictions, metric: str | Metric = DEFAULT_METRIC
) -> Score:
    """Score predictions at the metric's best score threshold; `Score.score_thr` tells it."""
    matches, score_thr = match_at_best(gt, predictions, metric)
    return replace(score_matches(matches, metric), score_thr=score_thr)


def _first_best(values: dict[int, float]) -> int:
    return max(sorted(values), key=values.__getitem__)


def shortest_between(levels: FloatArray, index: int) -> float:
    """Return the shortest decimal that keeps the scores from `levels[index]` on and no other."""
    if index == 0:
        return 0.0
    for digits in range(1, 16):
        rounded = float(np.floor(levels[index] * 10**digits) / 10**digits)
        if levels[index - 1] < rounded <= levels[index]:
            return rounded
    return float(levels[index])
