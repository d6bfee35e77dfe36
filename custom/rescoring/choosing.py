"""The number that a method of rescoring takes, chosen out of fold and cross-validated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray
from custom.ensemble.search.objective import make_inner_folds
from custom.evaluation import Metric, match_at_best, score_at_best, score_matches
from custom.rescoring.methods import Method, rescored
from custom.tables import GroundTruth, Predictions

NUM_FOLDS = 5


@dataclass(frozen=True, eq=False)
class Chosen:
    """What was chosen.

    Attributes:
        number: On all images.
        by_fold: On all but each inner fold's.
        values: The metric by number tried, on all images.
        before: Of the scores as they were.
        cross_validated: Of each image's boxes by the number that was chosen without it.
        predictions: These.
    """

    number: float
    by_fold: tuple[float, ...]
    values: dict[float, float]
    before: float
    cross_validated: float
    predictions: Predictions


def choose_number(
    gt: GroundTruth,
    predictions: Predictions,
    opinions: FloatArray,
    method: Method,
    metric: Metric,
    seed: int = 0,
) -> Chosen:
    """Return the number whose scores are best by the metric; of equal ones the smallest.

    Args:
        gt: The annotated boxes.
        predictions: On gt's images, in their order, out of fold for detector and classifier.
        opinions: Shape (N,), see `opinions_on`.
        method: How scores are corrected.
        metric: What decides.
        seed: Of the inner folds, which cut no group of images.
    """
    tables = [_with(predictions, opinions, method, number) for number in method.tried]
    matched = [match_at_best(gt, table, metric)[0] for table in tables]
    folds = make_inner_folds(len(gt.images), NUM_FOLDS, seed, gt.images.groups)
    everything = np.ones(len(gt.images), np.int64)
    values = [metric.sign * score_matches(m, metric, everything).value for m in matched]
    by_fold, number_of_image = [], np.empty(len(gt.images))
    for fold in folds:
        others = everything.copy()
        others[fold] = 0
        known = [metric.sign * score_matches(m, metric, others).value for m in matched]
        by_fold.append(method.tried[_best(known)])
        number_of_image[fold] = by_fold[-1]
    numbers = number_of_image[predictions.image_index]
    fair = rescored(predictions, opinions, method, numbers)
    return Chosen(
        method.tried[_best(values)], tuple(by_fold),
        {n: metric.sign * v for n, v in zip(method.tried, values, strict=True)},
        metric.sign * values[0], score_at_best(gt, fair, metric).value, fair,
    )  # fmt: skip


def _with(
    predictions: Predictions, opinions: FloatArray, method: Method, number: float
) -> Predictions:
    return rescored(predictions, opinions, method, np.full(predictions.num_boxes, number))


def _best(values: list[float]) -> int:
    return int(np.argmax(np.nan_to_num(np.array(values), nan=-np.inf)))
