"""Great Barrier Reef's F2 over IoU: every box given counts, whatever its score.

At each threshold TP, FP and FN are added up over all images (micro average), and
F2 = 5 TP / (5 TP + 4 FN + FP); the metric is the mean over the thresholds. The competition has one
class; of several, each is scored by itself.

Source: kaggle.com/c/tensorflow-great-barrier-reef (2021), evaluation: thresholds 0.3 to 0.8 by
0.05, reached by an IoU of at least as much; boxes in the order of their scores, each against the
boxes that are not matched yet.
"""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray
from custom.evaluation.counting import add_images
from custom.evaluation.matches import Integers, Matches
from custom.evaluation.metrics.base import Metric, as_weights
from custom.evaluation.metrics.wheat import NO_LIMIT

IOU_THRS = tuple(k / 100 for k in range(30, 85, 5))


def f2_per_class(matches: Matches, image_weights: Integers | None) -> FloatArray:
    """Return each class's mean over the thresholds of F2; NaN for a class without boxes."""
    hits, misses, boxes = matches.counts
    weights = as_weights(matches, image_weights)
    tp, fp = np.zeros((2, len(hits), matches.num_classes))
    num_gt = np.zeros((1, matches.num_classes))
    for counts, sums in ((hits, tp), (misses, fp), (boxes[None], num_gt)):
        add_images(counts, weights, sums)
    # 5 TP + 4 FN + FP = TP + 4 (TP + FN) + FP
    values = (5 * tp / np.maximum(tp + 4 * num_gt + fp, 1)).mean(axis=0)
    return np.where(num_gt[0] > 0, values, np.nan)


METRICS = (
    Metric(
        "gbr_f2",
        IOU_THRS,
        f2_per_class,
        "kaggle.com/c/tensorflow-great-barrier-reef, evaluation",
        max_dets=NO_LIMIT,
        punishes_false_boxes=True,
    ),
)
