"""PASCAL VOC's average precision; VinBigData's is the same at IoU 0.4, SIIM COVID-19's at 0.5.

A detection takes the box of highest IoU of its class; if a better-scored one has that box already,
it is a miss. The area under the curve, made monotone, is integrated under every point.

Sources: Everingham et al., "The PASCAL VOC 2010 Development Kit", section 3.4; VinBigData Chest
X-ray Abnormalities Detection (2020), evaluation: the VOC 2010 mean at an IoU above 0.4;
SIIM-FISABIO-RSNA COVID-19 Detection (2021), evaluation: the same at an IoU above 0.5.
Coordinates are continuous, without the kit's extra pixel; crowds are VOC's "difficult".
"""

from __future__ import annotations

from custom.boxes import FloatArray
from custom.evaluation.average_precision import average_precision
from custom.evaluation.matches import Integers, Matches
from custom.evaluation.metrics.base import Metric, above


def ap_per_class(matches: Matches, image_weights: Integers | None) -> FloatArray:
    """Return each class's area under the precision-recall curve."""
    return average_precision(matches, image_weights=image_weights, all_points=True).mean(axis=0)


METRICS = (
    Metric("voc", (0.5,), ap_per_class, "PASCAL VOC 2010 kit, section 3.4", rule="voc"),
    Metric(
        "vinbigdata",
        above((0.4,)),
        ap_per_class,
        "kaggle.com/c/vinbigdata-chest-xray-abnormalities-detection, evaluation",
        rule="voc",
    ),
    Metric(
        "siim",
        above((0.5,)),
        ap_per_class,
        "kaggle.com/c/siim-covid19-detection, evaluation",
        rule="voc",
    ),
)
