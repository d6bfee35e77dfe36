"""Global Wheat's mean precision over IoU: every box given counts, whatever its score.

At each threshold an image's precision is TP / (TP + FP + FN); the image's is the mean over the
thresholds, the data set's the mean over the images. An image without annotated boxes scores 0 if
anything was found on it; if nothing was, the definition says nothing, and it is left out. The
competition has one class; of several, each is scored by itself.

Source: kaggle.com/c/global-wheat-detection (2020), evaluation: thresholds 0.5 to 0.75 by 0.05,
reached by an IoU strictly above; boxes in the order of their scores.
"""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray
from custom.evaluation.counting import mean_precisions
from custom.evaluation.matches import Integers, Matches
from custom.evaluation.metrics.base import Metric, above, as_weights

# More boxes than any image has: the metric knows no limit.
NO_LIMIT = 1_000_000
IOU_THRS = tuple(k / 100 for k in range(50, 80, 5))


def precision_per_class(matches: Matches, image_weights: Integers | None) -> FloatArray:
    """Return each class's mean over images of the mean precision over IoU."""
    sums, totals = np.zeros((2, matches.num_classes))
    mean_precisions(*matches.counts, as_weights(matches, image_weights), sums, totals)
    return np.divide(sums, totals, out=np.full(len(sums), np.nan), where=totals > 0)


METRICS = (
    Metric(
        "wheat",
        above(IOU_THRS),
        precision_per_class,
        "kaggle.com/c/global-wheat-detection, evaluation",
        max_dets=NO_LIMIT,
        punishes_false_boxes=True,
    ),
)
