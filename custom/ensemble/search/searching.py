"""The search for a recipe: chosen on val, with a number that was not part of the choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray
from custom.ensemble.comparison import Comparison
from custom.ensemble.config import FusionConfig
from custom.ensemble.search import space
from custom.ensemble.search.cross_validation import (
    CrossValidated,
    cross_validated,
)
from custom.ensemble.search.objective import ALL, Objective, make_inner_folds
from custom.ensemble.search.selection import (
    Contribution,
    Step,
    drop_idle_models,
    forward_selection,
    leave_one_out,
)
from custom.ensemble.search.studies import SearchSettings, candidates
from custom.evaluation import Metric
from custom.tables import GroundTruth, Predictions


@dataclass(frozen=True)
class Compared:
    """What something scores on all images, and where it is chosen for each fold without it.

    For a fusion without parameters that were chosen, the two are the same.
    """

    in_sample: float
    cross_validated: float


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        configs: The fusion, or one for each class.
        chosen: Its scores; `cross_validated` is of the whole procedure, run without each inner
            fold in turn.
        by_fold: Shape (k,), what was chosen without each inner fold, scored on that fold.
        references: Scores of the best single model and of the defaults, by name.
        best_reference: The name of the one with the best cross-validated score.
        comparison: The cross-validated score against that reference's.
        singles: The score of each model, on all images.
        steps: Models in the order of the forward selection; empty if chosen by class.
        contributions: What each model that is left adds; empty if chosen by class.
        num_images: How many labelled images it rests on.
        settings: How it was searched.
    """

    configs: tuple[FusionConfig, ...]
    chosen: Compared
    by_fold: FloatArray
    references: dict[str, Compared]
    best_reference: str
    comparison: Comparison
    singles: tuple[float, ...]
    steps: tuple[Step, ...]
    contributions: tuple[Contribution, ...]
    num_images: int
    settings: SearchSettings

    @property
    def is_gain(self) -> bool:
        """Whether the cross-validated score is significantly better than every reference's."""
        return self.comparison.is_gain


def search(
    models: Sequence[Predictions], gt: GroundTruth, settings: SearchSettings | None = None
) -> SearchResult:
    """Search the fusion that scores best on labelled images.

    The fusion that is returned is the best on all images, so its score on them flatters. The
    cross-validated score comes from doing everything again without one inner fold of the images,
    searching, dropping models and choosing the score threshold included, and scoring the result on
    that fold; for each fold in turn.

    Raises:
        PodiumError: If the models do not fit the images, or there are fewer images than folds.
    """
    settings = settings or SearchSettings()
    how = (settings.inner_folds, settings.seed, gt.images.groups)
    folds = make_inner_folds(len(gt.images), *how)
    objective = Objective(models, gt, folds, settings.metric)
    starts = _starts(objective.num_models)
    found = [candidates(objective, settings, starts, ALL, settings.trials)]
    share = -(-settings.trials // settings.inner_folds)
    for fold in range(settings.inner_folds):
        found.append(candidates(objective, settings, starts, objective.without(fold), share))
    configs = choose(objective, found[0], ALL, settings.per_class)
    by_fold = [
        choose(objective, found[1 + fold], objective.without(fold), settings.per_class)
        for fold in range(settings.inner_folds)
    ]
    own, others = _cross_validated(objective, by_fold), _references(objective)
    best = _best_name({name: each.value for name, each in others.items()}, objective.metric)
    only = configs[0] if len(configs) == 1 else None
    return SearchResult(
        configs=configs,
        chosen=Compared(_score(objective, configs, ALL), own.value),
        by_fold=np.array(
            [_score(objective, configs, objective.on(fold)) for fold, configs in enumerate(by_fold)]
        ),
        references={
            name: Compared(objective.score(_best_of(objective, configs, ALL)), others[name].value)
            for name, configs in _reference_configs(objective.num_models).items()
        },
        best_reference=best,
        comparison=own.against(others[best]),
        singles=tuple(
            objective.score(objective.at_best_threshold(space.alone(k, objective.num_models)))
            for k in range(objective.num_models)
        ),
        steps=tuple(forward_selection(objective, only)) if only else (),
        contributions=tuple(leave_one_out(objective, only)) if only else (),
        num_images=len(gt.images),
        settings=settings,
    )


def _starts(num_models: int) -> list[FusionConfig]:
    """Return what every search tries first: the defaults, and each model alone."""
    singles = [space.alone(k, num_models) for k in range(num_models)]
    return [*space.defaults().values(), *singles]


def choose(
    objective: Objective, tried: Sequence[FusionConfig], index: int, per_class: bool
) -> tuple[FusionConfig, ...]:
    """Return the best candidate by the images of `index`, or the best for each class.

    Each is taken at the score threshold that is best on these images, where the metric needs one.
    """
    tried = [objective.at_best_threshold(config, index) for config in tried]
    if not per_class:
        best = max(tried, key=lambda config: objective.value(config, index))
        return (drop_idle_models(objective, best, index),)
    scores = np.stack([objective.outcome(config).per_class[index] for config in tried])
    best_of_class = np.where(np.isnan(scores), -np.inf, objective.metric.sign * scores).argmax(
        axis=0
    )
    return tuple(tried[k] for k in best_of_class.tolist())


def _score(objective: Objective, configs: Sequence[FusionConfig], index: int) -> float:
    """Return what a fusion, or one for each class, scores on the images of `index`."""
    if len(configs) == 1:
        return objective.score(configs[0], index)
    per_class = [objective.outcome(c).per_class[index, label] for label, c in enumerate(configs)]
    known = [value for value in per_class if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def _cross_validated(
    objective: Objective, by_fold: Sequence[Sequence[FusionConfig]]
) -> CrossValidated:
    """Score on each inner fold the fusion, or those by class, chosen without it."""
    tables = objective.fuse_each(by_fold)
    return cross_validated(tables, objective.folds, objective.gt, objective.metric)


def _reference_configs(num_models: int) -> dict[str, list[FusionConfig]]:
    """Return what a search must beat, by name; of several fusions the best one."""
    singles = [space.alone(k, num_models) for k in range(num_models)]
    defaults = {name: [config] for name, config in space.defaults().items()}
    return {"best single model": singles, **defaults}


def _references(objective: Objective) -> dict[str, CrossValidated]:
    """Return the best single model and the defaults, at score thresholds without each fold."""
    return {
        name: _cross_validated(objective, [[c] for c in _best_by_fold(objective, configs)])
        for name, configs in _reference_configs(objective.num_models).items()
    }


def _best_name(values: Mapping[str, float], metric: Metric) -> str:
    """Return the name of the best value; what cannot be scored is no better."""
    signed = {name: metric.sign * value for name, value in values.items()}
    return max(signed, key=lambda name: -np.inf if np.isnan(signed[name]) else signed[name])


def _best_by_fold(objective: Objective, configs: Sequence[FusionConfig]) -> list[FusionConfig]:
    """Return the fusion that is best on all images, at its score threshold without each fold."""
    best, folds = _best_of(objective, configs, ALL), range(len(objective.folds))
    return [objective.at_best_threshold(best, objective.without(fold)) for fold in folds]


def _best_of(objective: Objective, configs: Sequence[FusionConfig], index: int) -> FusionConfig:
    """Return the best fusion by the images of `index`, at its score threshold there."""
    at_best = [objective.at_best_threshold(config, index) for config in configs]
    return max(at_best, key=lambda config: objective.value(config, index))
