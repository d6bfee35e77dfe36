"""Accuracy: the share of right decisions.

Where classes exclude each other: the share of images or regions whose highest score is that of
their class; by class, of those of the class. Where they are independent: by class, the share of
labels that are decided right at the best score threshold, and the mean of the classes.

Source: scikit-learn 1.9, `accuracy_score`.
"""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray
from custom.evaluation.decisions import ratio
from custom.evaluation.items import EQUAL_IOU
from custom.evaluation.matches import Integers, Matches
from custom.evaluation.metrics.base import Metric, as_weights, mean_of_known
from custom.evaluation.metrics.wheat import NO_LIMIT


def accuracy_per_class(matches: Matches, image_weights: Integers | None) -> FloatArray:
    """Return each class's share of right decisions; NaN for a class without labels."""
    tp, fp, positives, negatives = matches.decisions.totals(as_weights(matches, image_weights))
    if matches.decisions.exclusive:
        return ratio(tp, positives)
    return ratio(tp + np.maximum(negatives - fp, 0), positives + negatives)


def accuracy(matches: Matches, image_weights: Integers | None) -> float:
    """Return the share of right decisions of all images or regions."""
    if not matches.decisions.exclusive:
        return mean_of_known(accuracy_per_class(matches, image_weights))
    tp, _, positives, _ = matches.decisions.totals(as_weights(matches, image_weights))
    return float(tp.sum() / positives.sum()) if positives.sum() else float("nan")


METRICS = (
    Metric(
        "accuracy",
        (EQUAL_IOU,),
        accuracy_per_class,
        "scikit-learn, accuracy_score",
        max_dets=NO_LIMIT,
        rule="equal",
        punishes_false_boxes=True,
        overall=accuracy,
    ),
)
