"""Optuna's part of the search: what is tried next, and the storage that makes it go on."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from custom.ensemble.config import FusionConfig
from custom.ensemble.search import space
from custom.ensemble.search.journal import open_journal
from custom.ensemble.search.objective import Objective
from custom.errors import PodiumError
from custom.evaluation import DEFAULT_METRIC, metric_of
from custom.files import canonical_hash

if TYPE_CHECKING:
    import optuna

logger = logging.getLogger(__name__)

NUM_TRIALS = 300
NUM_INNER_FOLDS = 5


@dataclass(frozen=True)
class SearchSettings:
    """How to search.

    Attributes:
        trials: Fusions to try on all images; as many again, shared out, without each inner fold.
        seed: Of the inner folds and of what is tried.
        inner_folds: How many the images are divided into for the cross-validated score.
        metric: A name in `custom.evaluation.METRICS`.
        per_class: Choose the fusion of each class by its own score.
        storage: A file that keeps the trials: a search that was cut short goes on from it to the
            same end, and processes that name the same file share the work. None keeps nothing.
        worker: Another number for each process that shares a storage, from 0, so that they try
            different fusions.
    """

    trials: int = NUM_TRIALS
    seed: int = 42
    inner_folds: int = NUM_INNER_FOLDS
    metric: str = DEFAULT_METRIC
    per_class: bool = False
    storage: str | Path | None = None
    worker: int = 0

    def __post_init__(self) -> None:
        metric_of(self.metric)
        for name, least in (("trials", 1), ("seed", 0), ("worker", 0)):
            if (value := getattr(self, name)) < least:
                raise PodiumError(f"{name} must be at least {least}, but is {value}")

    def identity(self) -> dict[str, Any]:
        """Return what decides what is found."""
        return {
            name: value for name, value in asdict(self).items() if name not in ("storage", "worker")
        }


def candidates(
    objective: Objective,
    settings: SearchSettings,
    starts: Sequence[FusionConfig],
    index: int,
    trials: int,
) -> list[FusionConfig]:
    """Return the starts and what a study tried, evaluated on some of the images.

    Args:
        objective: Scores the fusions.
        settings: Seed and storage.
        starts: Fusions to try first.
        index: Which images, see `Outcome`; each has a study of its own.
        trials: How many trials the study has at the end, over all runs and processes.
    """
    import optuna

    with _quiet():
        study, kept = optuna.create_study(direction="maximize"), _kept(objective, settings, index)
        while (done := _take_over(study, kept)) < trials:
            # What is tried is a function of the seed and of the trials before it, so that a
            # search that was cut short goes on as if it had not been.
            seed = (settings.seed * 1_009 + settings.worker) * 1_000_003 + done
            study.sampler = optuna.samplers.TPESampler(seed=seed % 2**32)
            if (start := done + settings.worker) < len(starts):
                study.enqueue_trial(space.params_of(starts[start], objective.num_models))
            trial = study.ask()
            suggested = space.suggest(trial, objective.num_models)
            value = objective.value(objective.at_best_threshold(suggested, index), index)
            finished = study.tell(trial, value)
            kept = _keep(kept, finished, settings)
        tried = [_config(each, objective.num_models) for each in study.get_trials()[:trials]]
    return list(dict.fromkeys([*starts, *tried]))


def _kept(objective: Objective, settings: SearchSettings, index: int) -> optuna.Study | None:
    """Return the study in the storage that belongs to these models, images and settings."""
    import optuna

    if settings.storage is None:
        return None
    searched = [settings.seed, settings.inner_folds, settings.metric, index]
    identity = [objective.fingerprint, *searched, space.identity()]
    name = f"podium-{canonical_hash(identity)[:16]}"
    try:
        storage = open_journal(Path(settings.storage))
        return optuna.create_study(
            storage=storage, study_name=name, direction="maximize", load_if_exists=True
        )
    except (ValueError, KeyError, TypeError) as error:
        raise PodiumError(
            f"{settings.storage} must hold the trials of a search, but cannot be read as such "
            f"({error}); remove it, or name another file with --storage"
        ) from error


def _keep(
    kept: optuna.Study | None, trial: optuna.trial.FrozenTrial, settings: SearchSettings
) -> optuna.Study | None:
    """Store a trial; where that fails the search goes on without the storage."""
    if kept is None:
        return None
    try:
        kept.add_trial(trial)
    except OSError as error:
        logger.warning(
            "%s: trials can no longer be kept (%s); the search goes on without it",
            settings.storage, error.strerror or error,
        )  # fmt: skip
        return None
    return kept


def _take_over(study: optuna.Study, kept: optuna.Study | None) -> int:
    """Copy to the study in memory what the storage has more; return how many trials there are.

    Trials are chosen in memory and stored when they are finished, in one write: a parameter at a
    time, as Optuna does it, costs more than fusing and scoring.
    """
    own = study.get_trials(deepcopy=False)
    if kept is None:
        return len(own)
    known = {_key(trial) for trial in own}
    for trial in kept.get_trials(deepcopy=False):
        if _key(trial) not in known:
            study.add_trial(trial)
    return len(study.get_trials(deepcopy=False))


def _key(trial: optuna.trial.FrozenTrial) -> tuple[tuple[str, Any], ...]:
    """Return what tells a trial from others: its parameters."""
    return tuple(sorted(trial.params.items()))


def _config(trial: optuna.trial.FrozenTrial, num_models: int) -> FusionConfig:
    """Return the fusion that a finished trial tried."""
    import optuna

    fixed = optuna.trial.FixedTrial(trial.params)
    return space.suggest(fixed, num_models)  # type: ignore[arg-type]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna from reporting each trial."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
