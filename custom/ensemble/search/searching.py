"""The search for a recipe: chosen on val, with a number that was not part of the choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray
from custom.ensemble.config import FusionConfig
from custom.ensemble.search import space
from custom.ensemble.search.objective import ALL, Objective, make_parts
from custom.ensemble.search.selection import (
    Contribution,
    Step,
    drop_idle_models,
    forward_selection,
    leave_one_out,
)
from custom.ensemble.search.studies import SearchSettings, candidates
from custom.tables import GroundTruth, Predictions


@dataclass(frozen=True)
class Compared:
    """What something scores on all images, and as a mean over the parts that did not choose it.

    For a fusion without parameters that were chosen, the second is its mean over the parts: it is
    what the honest number is to be compared with.
    """

    in_sample: float
    honest: float


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        configs: The fusion, or one for each class.
        chosen: Its scores; `honest` is of the whole procedure, run without each part in turn.
        by_part: Shape (k,), the honest number by part.
        references: Scores of the best single model and of the defaults, by name.
        singles: The score of each model, on all images.
        steps: Models in the order of the forward selection; empty if chosen by class.
        contributions: What each model that is left adds; empty if chosen by class.
        num_images: How many labelled images it rests on.
        settings: How it was searched.
    """

    configs: tuple[FusionConfig, ...]
    chosen: Compared
    by_part: FloatArray
    references: dict[str, Compared]
    singles: tuple[float, ...]
    steps: tuple[Step, ...]
    contributions: tuple[Contribution, ...]
    num_images: int
    settings: SearchSettings

    @property
    def is_gain(self) -> bool:
        """Whether the honest number is above that of every reference."""
        return all(self.chosen.honest > each.honest for each in self.references.values())


def search(
    models: Sequence[Predictions], gt: GroundTruth, settings: SearchSettings | None = None
) -> SearchResult:
    """Search the fusion that scores best on labelled images.

    The fusion that is returned is the best on all images, so its score on them flatters. The
    honest number comes from doing everything again without one part of the images, searching and
    dropping models included, and scoring the result on that part; for each part in turn.

    Raises:
        PodiumError: If the models do not fit the images, or there are fewer images than parts.
    """
    settings = settings or SearchSettings()
    parts = make_parts(len(gt.images), settings.parts, settings.seed)
    objective = Objective(models, gt, parts, settings.metric)
    starts = _starts(objective.num_models)
    found = [candidates(objective, settings, starts, ALL, settings.trials)]
    share = -(-settings.trials // settings.parts)
    for part in range(settings.parts):
        found.append(candidates(objective, settings, starts, objective.without(part), share))
    configs = choose(objective, found[0], ALL, settings.per_class)
    by_part = np.array(
        [_score_part(objective, found[1 + k], k, settings.per_class) for k in range(settings.parts)]
    )
    only = configs[0] if len(configs) == 1 else None
    return SearchResult(
        configs=configs,
        chosen=Compared(_score(objective, configs, ALL), float(np.nanmean(by_part))),
        by_part=by_part,
        references=_references(objective),
        singles=tuple(
            objective.value(space.alone(k, objective.num_models), ALL)
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
    objective: Objective, tried: Sequence[FusionConfig], row: int, per_class: bool
) -> tuple[FusionConfig, ...]:
    """Return the best candidate by the images of `row`, or the best for each class."""
    if not per_class:
        best = max(tried, key=lambda config: objective.value(config, row))
        return (drop_idle_models(objective, best, row),)
    scores = np.stack([objective.outcome(config).per_class[row] for config in tried])
    best_of_class = np.nan_to_num(scores, nan=-1.0).argmax(axis=0)
    return tuple(tried[k] for k in best_of_class.tolist())


def _score(objective: Objective, configs: Sequence[FusionConfig], row: int) -> float:
    """Return what a fusion, or one for each class, scores on the images of `row`."""
    if len(configs) == 1:
        return float(objective.outcome(configs[0]).values[row])
    per_class = [objective.outcome(c).per_class[row, label] for label, c in enumerate(configs)]
    known = [value for value in per_class if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def _score_part(
    objective: Objective, tried: Sequence[FusionConfig], part: int, per_class: bool
) -> float:
    """Choose without a part, and score on it."""
    configs = choose(objective, tried, objective.without(part), per_class)
    return _score(objective, configs, objective.on(part))


def _references(objective: Objective) -> dict[str, Compared]:
    """Return the scores of the best single model and of the defaults."""
    num_models, parts = objective.num_models, range(len(objective.parts))
    singles = [space.alone(k, num_models) for k in range(num_models)]
    references = {"best single model": singles} | {
        name: [config] for name, config in space.defaults().items()
    }
    compared = {}
    for name, configs in references.items():
        by_part = [_score_part_as_given(objective, configs, part) for part in parts]
        best = max(objective.value(config, ALL) for config in configs)
        compared[name] = Compared(best, float(np.nanmean(by_part)))
    return compared


def _score_part_as_given(objective: Objective, configs: Sequence[FusionConfig], part: int) -> float:
    """Choose among fusions without a part, drop no model, and score on the part."""
    best = max(configs, key=lambda config: objective.value(config, objective.without(part)))
    return float(objective.outcome(best).values[objective.on(part)])
