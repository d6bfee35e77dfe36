"""F1 by class and its mean: 2 TP / (2 TP + FP + FN).

Where classes exclude each other, an image or region is decided by its highest score; where they
are independent, at the best score threshold.

Source: scikit-learn 1.9, `f1_score` with average="macro".
"""

from __future__ import annotations

from custom.boxes import FloatArray
from custom.evaluation.decisions import ratio
from custom.evaluation.items import EQUAL_IOU
from custom.evaluation.matches import Integers, Matches
from custom.evaluation.metrics.base import Metric, as_weights
from custom.evaluation.metrics.wheat import NO_LIMIT


def f1_per_class(matches: Matches, image_weights: Integers | None) -> FloatArray:
    """Return each class's F1; NaN for a class without positive labels."""
    tp, fp, positives, _ = matches.decisions.totals(as_weights(matches, image_weights))
    # 2 TP + FP + FN = TP + FP + positives
    return ratio(2 * tp, (tp + fp + positives) * (positives > 0))


METRICS = (
    Metric(
        "F1",
        (EQUAL_IOU,),
        f1_per_class,
        'scikit-learn, f1_score(average="macro")',
        max_dets=NO_LIMIT,
        rule="equal",
        punishes_false_boxes=True,
    ),
)
