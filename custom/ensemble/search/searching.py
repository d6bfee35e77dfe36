"""The search for a recipe: chosen on val, with a number that was not part of the choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray
from custom.ensemble.config import FusionConfig
from custom.ensemble.search import space
from custom.ensemble.search.objective import ALL, Objective, make_inner_folds
from custom.ensemble.search.selection import (
    Contribution,
    Step,
    drop_idle_models,
    forward_selection,
    leave_one_out,
)
from custom.ensemble.search.studies import SearchSettings, candidates
from custom.evaluation import metric_of
from custom.tables import GroundTruth, Predictions


@dataclass(frozen=True)
class Compared:
    """What something scores on all images, and as a mean over the folds that did not choose it.

    For a fusion without parameters that were chosen, the second is its mean over the inner folds:
    it is what the cross-validated score of the search is to be compared with.
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
        by_fold: Shape (k,), the cross-validated score by inner fold.
        references: Scores of the best single model and of the defaults, by name.
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
    singles: tuple[float, ...]
    steps: tuple[Step, ...]
    contributions: tuple[Contribution, ...]
    num_images: int
    settings: SearchSettings

    @property
    def is_gain(self) -> bool:
        """Whether the cross-validated score is better than that of every reference."""
        sign = metric_of(self.settings.metric).sign
        own = sign * self.chosen.cross_validated
        return all(own > sign * each.cross_validated for each in self.references.values())


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
    by_fold = np.array(
        [
            _score_fold(objective, found[1 + fold], fold, settings.per_class)
            for fold in range(settings.inner_folds)
        ]
    )
    only = configs[0] if len(configs) == 1 else None
    return SearchResult(
        configs=configs,
        chosen=Compared(_score(objective, configs, ALL), float(np.nanmean(by_fold))),
        by_fold=by_fold,
        references=_references(objective),
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


def _score_fold(
    objective: Objective, tried: Sequence[FusionConfig], fold: int, per_class: bool
) -> float:
    """Choose without an inner fold, and score on it."""
    configs = choose(objective, tried, objective.without(fold), per_class)
    return _score(objective, configs, objective.on(fold))


def _references(objective: Objective) -> dict[str, Compared]:
    """Return the scores of the best single model and of the defaults."""
    num_models, folds = objective.num_models, range(len(objective.folds))
    singles = [space.alone(k, num_models) for k in range(num_models)]
    references = {"best single model": singles} | {
        name: [config] for name, config in space.defaults().items()
    }
    compared = {}
    for name, configs in references.items():
        by_fold = [_score_fold_as_given(objective, configs, fold) for fold in folds]
        best = objective.score(_best_of(objective, configs, ALL))
        compared[name] = Compared(best, float(np.nanmean(by_fold)))
    return compared


def _score_fold_as_given(objective: Objective, configs: Sequence[FusionConfig], fold: int) -> float:
    """Choose among fusions without an inner fold, drop no model, and score on the fold."""
    best = _best_of(objective, configs, objective.without(fold))
    return objective.score(best, objective.on(fold))


def _best_of(objective: Objective, configs: Sequence[FusionConfig], index: int) -> FusionConfig:
    """Return the best fusion by the images of `index`, at its score threshold there."""
    at_best = [objective.at_best_threshold(config, index) for config in configs]
    return max(at_best, key=lambda config: objective.value(config, index))
