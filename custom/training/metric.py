"""The competition's metric in a config: said once, handed to whatever evaluates or waits for it."""

from __future__ import annotations

from mmengine.config import Config

from custom.evaluation.metrics import DEFAULT_METRIC, Metric, metric_of
from custom.training.nodes import dicts_below, name_of

# What waits for the metric to improve.
_WAITING = ("PatienceHook", "ReduceOnPlateauLR", "ReduceOnPlateauMomentum")


def competition_metric(config: Config) -> Metric:
    """Return what decides.

    Raises:
        PodiumError: If `competition.metric` is no metric.
    """
    return metric_of((config.get("competition") or {}).get("metric", DEFAULT_METRIC))


def best_checkpoint(config: Config) -> dict[str, str]:
    """Return by what a `CheckpointHook` chooses the best weights, as its arguments."""
    metric = competition_metric(config)
    return {"save_best": metric.key, "rule": "greater" if metric.sign > 0 else "less"}


def place_metric(config: Config) -> None:
    """Hand `competition.metric` to whatever evaluates, chooses or waits; `config` is changed."""
    metric, best = competition_metric(config), best_checkpoint(config)
    hook = config.get("default_hooks", {}).get("checkpoint")
    usual = (
        metric_of(DEFAULT_METRIC).key,
        "greater",
    )  # as configs/_base_/default_runtime.py has it
    if isinstance(hook, dict) and (hook.get("save_best"), hook.get("rule", usual[1])) == usual:
        hook.update(best)
    for part in ("val", "test"):
        for each in dicts_below(config.get(f"{part}_evaluator")):
            if each.get("type") == "CompetitionMetric":
                each["metric"] = metric.name
    for key in ("custom_hooks", "param_scheduler"):  # stages have schedules of their own
        for each in dicts_below(config.get(key)):
            if name_of(each) in _WAITING and "monitor" not in each:
                each.update(monitor=metric.key, rule=best["rule"])
