"""How good predictions are: matching, average precision, and what can be computed from them."""

from custom.evaluation.average_precision import average_precision, average_recall
from custom.evaluation.matches import COCO_AREAS, COCO_IOU_THRS, Matches
from custom.evaluation.matching import match
from custom.evaluation.metrics import METRICS
from custom.evaluation.scoring import (
    Score,
    checked_against_reference,
    match_for,
    score,
    score_matches,
)

__all__ = [
    "COCO_AREAS",
    "COCO_IOU_THRS",
    "METRICS",
    "Matches",
    "Score",
    "average_precision",
    "average_recall",
    "checked_against_reference",
    "match",
    "match_for",
    "score",
    "score_matches",
]
