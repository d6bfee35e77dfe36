"""How good predictions are: matching, average precision, and what can be computed from them."""

from custom.evaluation.average_precision import average_precision, average_recall
from custom.evaluation.bootstrap import (
    PairedInterval,
    bootstrap_ap,
    bootstrap_metric,
    paired_bootstrap,
)
from custom.evaluation.curves import Curve, precision_recall
from custom.evaluation.matches import COCO_AREAS, COCO_IOU_THRS, Matches
from custom.evaluation.matching import match
from custom.evaluation.metrics import METRICS
from custom.evaluation.ranks import RankChange, rank_changes
from custom.evaluation.rare import rare_class_notes, shares_lacking
from custom.evaluation.scoring import (
    Score,
    checked_against_reference,
    match_for,
    score,
    score_matches,
)
from custom.evaluation.tail import TailReport, tail_report

__all__ = [
    "COCO_AREAS",
    "COCO_IOU_THRS",
    "METRICS",
    "Curve",
    "Matches",
    "PairedInterval",
    "RankChange",
    "Score",
    "TailReport",
    "average_precision",
    "average_recall",
    "bootstrap_ap",
    "bootstrap_metric",
    "checked_against_reference",
    "match",
    "match_for",
    "paired_bootstrap",
    "precision_recall",
    "rank_changes",
    "rare_class_notes",
    "score",
    "score_matches",
    "shares_lacking",
    "tail_report",
]
