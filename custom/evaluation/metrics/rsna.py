"""RSNA Pneumonia's mean precision over IoU: Wheat's count at other thresholds.

An image without pneumonia scores 0 if anything was found on it, and is left out if nothing was: a
threshold that keeps such images empty is worth more than a few boxes found.

Source: kaggle.com/c/rsna-pneumonia-detection-challenge (2018), evaluation: thresholds 0.4 to 0.75
by 0.05, reached by an IoU strictly above; boxes in the order of their confidence.
"""

from __future__ import annotations

from custom.evaluation.metrics.base import Metric, above
from custom.evaluation.metrics.wheat import NO_LIMIT, precision_per_class

IOU_THRS = tuple(k / 100 for k in range(40, 80, 5))

METRICS = (
    Metric(
        "rsna",
        above(IOU_THRS),
        precision_per_class,
        "kaggle.com/c/rsna-pneumonia-detection-challenge, evaluation",
        max_dets=NO_LIMIT,
        punishes_false_boxes=True,
    ),
)
