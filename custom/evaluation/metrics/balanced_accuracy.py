"""Balanced accuracy: the mean recall, so that a rare class counts as much as a common one.

Where classes exclude each other: the mean over classes of the share of its images or regions whose
highest score is the class's. Where they are independent: by class, the mean of the recall of its
positive and of its negative labels at the best score threshold.

Source: scikit-learn 1.9, `balanced_accuracy_score`; Brodersen et al. 2010, "The balanced accuracy
and its posterior distribution".
"""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray
from custom.evaluation.decisions import ratio
from custom.evaluation.items import EQUAL_IOU
from custom.evaluation.matches import Integers, Matches
from custom.evaluation.metrics.base import Metric, as_weights
from custom.evaluation.metrics.wheat import NO_LIMIT


def balanced_accuracy_per_class(matches: Matches, image_weights: Integers | None) -> FloatArray:
    """Return each class's mean recall; NaN for a class that lacks one of the two labels."""
    tp, fp, positives, negatives = matches.decisions.totals(as_weights(matches, image_weights))
    recall = ratio(tp, positives)
    if matches.decisions.exclusive:
        return recall
    return (recall + ratio(np.maximum(negatives - fp, 0), negatives)) / 2


METRICS = (
    Metric(
        "balanced_accuracy",
        (EQUAL_IOU,),
        balanced_accuracy_per_class,
        "scikit-learn, balanced_accuracy_score",
        max_dets=NO_LIMIT,
        rule="equal",
        label="balanced accuracy",
        punishes_false_boxes=True,
    ),
)
