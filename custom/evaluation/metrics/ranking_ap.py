"""Ranking AP: average precision without interpolation, for labels of images and of regions.

The sum over the scores that occur of the precision there, times the step of recall; labels of equal
score enter together. Scikit-learn's `average_precision_score`, by class, and its mean ("macro").

Source: scikit-learn 1.9, "Average precision" of the user guide, section 3.4; Su, Yuan & Zhu 2015,
"A relationship between the average precision and the area under the ROC curve".
"""

from __future__ import annotations

from custom.evaluation.items import EQUAL_IOU
from custom.evaluation.metrics.base import Metric
from custom.evaluation.metrics.wheat import NO_LIMIT
from custom.evaluation.ranking import ranking_ap

METRICS = (
    Metric(
        "ranking_AP",
        (EQUAL_IOU,),
        ranking_ap,
        "scikit-learn, average_precision_score",
        max_dets=NO_LIMIT,
        rule="equal",
        label="ranking AP",
    ),
)
