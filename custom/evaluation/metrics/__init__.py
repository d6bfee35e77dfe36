"""The metrics of competitions, one row each: what is matched and how it is counted."""

from __future__ import annotations

from custom.errors import PodiumError
from custom.evaluation.metrics import coco, gbr, voc, wheat
from custom.evaluation.metrics.base import Metric

METRICS: dict[str, Metric] = {
    metric.name: metric for family in (coco, voc, wheat, gbr) for metric in family.METRICS
}


def metric_of(name: str) -> Metric:
    """Return the metric `name`.

    Raises:
        PodiumError: If there is none of this name.
    """
    if name not in METRICS:
        raise PodiumError(f"metric must be one of {', '.join(METRICS)}, but is {name!r}")
    return METRICS[name]
