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
from custom.evaluation.matches import Integers, Matches
from custom.evaluation.metrics.base import Metric, above

# More boxes than any image has: the metric knows no limit.
NO_LIMIT = 1_000_000
IOU_THRS = tuple(k / 100 for k in range(50, 80, 5))


def precision_per_class(matches: Matches, image_weights: Integers | None) -> FloatArray:
    """Return each class's mean over images of the mean precision over IoU."""
    tp, fp, num_gt = matches.counts
    denominator = fp + num_gt  # TP + FP + FN, since TP + FN are the annotated boxes
    known = denominator[0] > 0  # the same at every threshold: ignored boxes apart, all are counted
    weights = np.ones(matches.num_images) if image_weights is None else np.asarray(image_weights)
    weights = weights[:, None] * known
    precision = (tp / np.maximum(denominator, 1)).mean(axis=0)
    total = weights.sum(axis=0)
    values = (precision * weights).sum(axis=0) / np.maximum(total, 1)
    return np.where(total > 0, values, np.nan)


METRICS = (
    Metric(
        "wheat",
        above(IOU_THRS),
        precision_per_class,
        "kaggle.com/c/global-wheat-detection, evaluation",
        max_dets=NO_LIMIT,
    ),
)
