"""Metrics that MMEngine's evaluators call."""

from custom.detection.metrics.competition_metric import CompetitionMetric

__all__ = ["CompetitionMetric"]
