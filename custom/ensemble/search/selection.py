"""Which models an ensemble needs: taken one by one, and left out one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from custom.ensemble.config import FusionConfig
from custom.ensemble.search.objective import ALL, Objective
from custom.evaluation import paired_bootstrap


@dataclass(frozen=True)
class Step:
    """One model taken by forward selection, and the score of the ensemble with it."""

    model: int
    value: float


@dataclass(frozen=True)
class Contribution:
    """What the ensemble scores more with a model than without it, with its interval."""

    model: int
    gain: float
    low: float
    high: float


def with_only(config: FusionConfig, models: Sequence[int], num_models: int) -> FusionConfig:
    """Return the fusion of a subset of the models: the others get a weight of zero."""
    weights = config.weights_for(num_models)
    kept = tuple(weight if k in models else 0.0 for k, weight in enumerate(weights))
    return replace(config, weights=kept)


def used_models(config: FusionConfig, num_models: int) -> list[int]:
    """Return the models with a weight above zero."""
    return [k for k, weight in enumerate(config.weights_for(num_models)) if weight > 0.0]


def forward_selection(objective: Objective, config: FusionConfig, index: int = ALL) -> list[Step]:
    """Take models one by one, each time the one that raises the score most, while one does.

    Args:
        objective: Scores the subsets.
        config: The fusion; a model with a weight of zero is never taken.
        index: Which images to choose by, see `Outcome`.
    """
    left = used_models(config, objective.num_models)
    steps: list[Step] = []
    reached = float("-inf")
    while left:
        taken = [step.model for step in steps]
        larger = {model: _only(objective, config, [*taken, model], index) for model in left}
        values = {model: objective.value(each, index) for model, each in larger.items()}
        best = max(left, key=values.__getitem__)
        if steps and values[best] <= reached:
            break
        reached = values[best]
        steps.append(Step(best, objective.score(larger[best], index)))
        left.remove(best)
    return steps


def drop_idle_models(objective: Objective, config: FusionConfig, index: int = ALL) -> FusionConfig:
    """Return the fusion without the models that add nothing, by the images of `index`.

    The subset of the forward selection, if it scores as much as all; else models are left out one
    by one as long as the score does not fall.
    """
    steps = forward_selection(objective, config, index)
    subset = _only(objective, config, [step.model for step in steps], index)
    if objective.value(subset, index) >= objective.value(config, index):
        return subset
    while len(used := used_models(config, objective.num_models)) > 1:
        smaller = [
            _only(objective, config, [k for k in used if k != model], index) for model in used
        ]
        best = max(smaller, key=lambda each: objective.value(each, index))
        if objective.value(best, index) < objective.value(config, index):
            break
        config = best
    return config


def _only(
    objective: Objective, config: FusionConfig, models: Sequence[int], index: int
) -> FusionConfig:
    """Return the fusion of a subset of the models, at its own score threshold."""
    return objective.at_best_threshold(with_only(config, models, objective.num_models), index)


def leave_one_out(
    objective: Objective, config: FusionConfig, num_resamples: int = 1000, seed: int = 0
) -> list[Contribution]:
    """Return what each model adds, by a bootstrap over the images; empty for a single model."""
    used = used_models(config, objective.num_models)
    if len(used) < 2:
        return []
    full = objective.matches(config)
    found = []
    for model in used:
        rest = [k for k in used if k != model]
        without = objective.matches(_only(objective, config, rest, ALL))
        interval = paired_bootstrap(full, without, num_resamples, seed, metric=objective.metric)
        found.append(Contribution(model, interval.difference, interval.low, interval.high))
    return found
