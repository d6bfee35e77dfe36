"""Average precision of a ranking, without interpolation: how classifiers are compared."""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.compiled.jit import jit
from custom.evaluation.average_precision import weighted_num_gt
from custom.evaluation.counting import HIT, MISS
from custom.evaluation.matches import Integers, Matches


def ranking_ap(matches: Matches, image_weights: Integers | None = None) -> FloatArray:
    """Return each class's sum over scores of precision times the step of recall, shape (C,).

    Labels of equal score enter together. Positive labels without a prediction are never found.

    Args:
        matches: By the rule "equal"; the first threshold counts.
        image_weights: Shape (I,), whole numbers: how often each image stands in the data set.

    Returns:
        NaN for a class without positive labels.
    """
    values = np.full(matches.num_classes, np.nan)
    given = np.ones(matches.num_images) if image_weights is None else image_weights
    weights = np.asarray(given, np.int64)
    num_gt = weighted_num_gt(matches, 0, weights)
    columns = (matches.outcomes[0, 0], matches.scores, matches.image_index)
    _ranking_ap_of_classes(values, *columns, matches.class_offsets, num_gt, weights)
    return values


@jit
def _ranking_ap_of_classes(
    values: FloatArray,
    outcomes: Integers,
    scores: FloatArray,
    image_index: Integers,
    class_offsets: IntArray,
    num_gt: IntArray,
    weights: IntArray,
) -> None:  # pragma: no cover
    """Write the average precision by class to `values` (C,), where there are positive labels."""
    for label in range(len(values)):
        if num_gt[label] == 0:
            continue
        tp, fp, counted, total = 0, 0, 0, 0.0
        end = class_offsets[label + 1]
        for j in range(class_offsets[label], end):
            if outcomes[j] == HIT:
                tp += weights[image_index[j]]
            elif outcomes[j] == MISS:
                fp += weights[image_index[j]]
            if tp > counted and (j + 1 == end or scores[j + 1] != scores[j]):
                total += tp / (tp + fp) * (tp - counted)
                counted = tp
        values[label] = total / num_gt[label]
