"""Training on the images of all folds, for the last submission: nothing validates it."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from mmengine.config import Config

from custom.errors import PodiumError
from custom.evaluation import metric_of, score
from custom.runs import (
    CrossValidated,
    Run,
    RunRecord,
    pool,
    read_evidence,
    runs_beside,
    siblings_of,
)
from custom.tables import Predictions

logger = logging.getLogger(__name__)

# In place of a fold's number on the command line; a config and a record have None there.
ALL_FOLDS = ("all", "none")
_STOPS_EARLY = ("PatienceHook", "EarlyStoppingHook")


def fold_of(option: int | str) -> int | None:
    """Return the fold that `--fold` names: a number, or None for "all" and "none".

    Raises:
        PodiumError: If it is something else.
    """
    if option in ALL_FOLDS:
        return None
    try:
        return int(option)
    except ValueError:
        raise PodiumError(
            f"--fold must be a number from 0, or all to train on every image, but is {option!r}"
        ) from None


def leave_out_validation(config: Config) -> None:
    """Take all that needs validation out of a config; `config` is changed.

    Raises:
        PodiumError: If the learning rate follows a val metric.
    """
    for part in ("dataloader", "cfg", "evaluator"):
        config[f"val_{part}"] = None
    schedulers = config.get("param_scheduler") or []
    for scheduler in [schedulers] if isinstance(schedulers, dict) else schedulers:
        if str(scheduler["type"]).startswith("ReduceOnPlateau"):
            raise PodiumError(
                "a training on all folds must have a schedule that needs no validation, but "
                f"param_scheduler has {scheduler['type']}; take another one, or train on a fold"
            )
    for key in ("save_best", "rule"):
        (config.default_hooks.get("checkpoint") or {}).pop(key, None)
    config.custom_hooks = [hook for hook in config.get("custom_hooks") or [] if _stays(hook)]


def _stays(hook: dict[str, Any]) -> bool:
    """Return whether a hook works without validation; one that ends the training does not."""
    if hook["type"] not in _STOPS_EARLY:
        return True
    logger.warning(
        "%s is left out, since nothing validates a training on all folds: all epochs are trained",
        hook["type"],
    )
    return False


def cross_validated(run: Run) -> CrossValidated | None:
    """Return what the siblings beside a run on all folds score on the folds they left out."""
    if not (siblings := siblings_of(run, runs_beside([run]))):
        return None
    evidence = [
        replace(each, predictions=_counted(each.predictions, sibling.record))
        for sibling, each in zip(siblings, read_evidence(siblings), strict=True)
    ]
    pooled = pool([evidence])
    names = tuple(sibling.name for sibling in siblings)
    folds = tuple(sibling.val_fold for sibling in siblings)
    value = score(pooled.gt, pooled.models[0], metric=run.record.metric).value
    return CrossValidated(names, folds, run.split.num_folds, value)


def _counted(predictions: Predictions, record: RunRecord) -> Predictions:
    """Return the boxes that count, where the metric wants a score threshold."""
    return predictions.keep(predictions.scores >= min(record.thresholds.values(), default=0.0))


def described(record: RunRecord) -> list[str]:
    """Return lines that say what is known of a run on all folds."""
    lines = [f"{record.name}: trained on all images, so that nothing is left to evaluate it"]
    known = record.cross_validated
    if known is None:
        return [
            *lines,
            "no run with its config, seed and split on a fold lies beside it; train one or more "
            "(--fold 0) to know what to expect, and to have ensembles scored",
        ]
    folds = ", ".join(map(str, known.folds))
    return [
        *lines,
        f"cross-validated {metric_of(record.metric).title} of its siblings {', '.join(known.runs)} "
        f"(folds {folds} of {known.num_folds}): {known.value:.4f}",
    ]
