"""The metrics of competitions, one row each: what is matched and how it is counted."""

from __future__ import annotations

from custom.errors import PodiumError
from custom.evaluation.metrics import (
    accuracy,
    balanced_accuracy,
    coco,
    f1,
    gbr,
    ranking_ap,
    rsna,
    voc,
    wheat,
)
from custom.evaluation.metrics.base import Metric
from custom.evaluation.metrics.coco import DEFAULT_METRIC

__all__ = ["DEFAULT_METRIC", "METRICS", "Metric", "metric_of", "usual_metrics"]

_FAMILIES = (coco, voc, wheat, rsna, gbr, ranking_ap, accuracy, balanced_accuracy, f1)
METRICS: dict[str, Metric] = {
    metric.name: metric for family in _FAMILIES for metric in family.METRICS
}


def metric_of(name: str | Metric) -> Metric:
    """Return the metric `name`, or the metric itself.

    Raises:
        PodiumError: If there is none of this name.
    """
    if isinstance(name, Metric):
        return name
    if name not in METRICS:
        raise PodiumError(f"metric must be one of {', '.join(METRICS)}, but is {name!r}")
    return METRICS[name]


def usual_metrics(name: str) -> tuple[str, ...]:
    """Return a competition's metric, and what a team looks at besides it."""
    labels = metric_of(name).is_of_labels
    others = ("ranking_AP", "accuracy", "F1") if labels else (DEFAULT_METRIC, "AP")
    return (name, *(other for other in others if other != name))
