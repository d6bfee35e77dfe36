"""How good predictions are: matching, average precision, and what can be computed from them."""

from custom.evaluation.average_precision import average_precision, average_recall
from custom.evaluation.bootstrap import (
    PairedInterval,
    bootstrap_ap,
    bootstrap_metric,
    paired_bootstrap,
)
from custom.evaluation.curves import Curve, precision_recall
from custom.evaluation.figures import coco_figures
from custom.evaluation.low_confidence import LowConfidenceReport, low_confidence_report
from custom.evaluation.matches import COCO_AREAS, COCO_IOU_THRS, Matches
from custom.evaluation.matching import match
from custom.evaluation.metrics import DEFAULT_METRIC, METRICS, Metric, metric_of
from custom.evaluation.ranks import RankChange, rank_changes, rank_changes_of
from custom.evaluation.rare import rare_class_notes, shares_lacking
from custom.evaluation.scoring import (
    Score,
    checked_against_reference,
    match_for,
    score,
    score_matches,
)
from custom.evaluation.thresholds import best_score_thr, match_at_best, score_at_best

__all__ = [
    "COCO_AREAS",
    "COCO_IOU_THRS",
    "DEFAULT_METRIC",
    "METRICS",
    "Curve",
    "LowConfidenceReport",
    "Matches",
    "Metric",
    "PairedInterval",
    "RankChange",
    "Score",
    "average_precision",
    "average_recall",
    "best_score_thr",
    "bootstrap_ap",
    "bootstrap_metric",
    "checked_against_reference",
    "coco_figures",
    "low_confidence_report",
    "match",
    "match_at_best",
    "match_for",
    "metric_of",
    "paired_bootstrap",
    "precision_recall",
    "rank_changes",
    "rank_changes_of",
    "rare_class_notes",
    "score",
    "score_at_best",
    "score_matches",
    "shares_lacking",
]
