"""Runs of one fold each that say what a run on all folds may be expected to score.

A run on all folds has seen every image, so that nothing is left to evaluate it. Those that were
trained as it was (same config, seed and split) on all folds but one can be evaluated, and are what
its place in an ensemble is scored with.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from custom.errors import PodiumError
from custom.runs.config import has_config
from custom.runs.config_diff import config_differences
from custom.runs.procedure import procedure_of
from custom.runs.run import Run

# What says in a config how weights come to be; the rest is where they lie and what validates them.
_OF_TRAINING = ("model", "train_dataloader", "optim_wrapper", "param_scheduler", "train_cfg")
# Within these: which images a fold leaves out, when it is validated, and what ends it then.
_OF_VALIDATION = {
    "split", "fold", "val_interval", "val_begin", "dynamic_intervals",
    "PatienceHook", "EarlyStoppingHook",
}  # fmt: skip


def siblings_of(run: Run, others: Iterable[Run]) -> list[Run]:
    """Return the runs of a fold that were trained as a run on all folds was, one a fold.

    Args:
        run: A run on all folds.
        others: Where to look; of two runs of one fold the first is taken.
    """
    found: dict[int, Run] = {}
    for other in others:
        fold = other.record.fold
        alike = other.group == run.group and other.split_hash == run.split_hash
        if fold is not None and alike and not _trained_otherwise(run, other):
            found.setdefault(fold, other)
    return [found[fold] for fold in sorted(found)]


def check_predicted_alike(run: Run, siblings: Iterable[Run]) -> None:
    """Refuse siblings that were predicted by another procedure than the run they stand in for.

    Raises:
        PodiumError: With the command that predicts them alike.
    """
    for sibling in siblings:
        ours, theirs = procedure_of(run.record, "test"), procedure_of(sibling.record, "val")
        if ours != theirs:
            raise PodiumError(
                f"{run.name} must be predicted as {sibling.name}, which is evaluated in its place, "
                f"but was with {ours}, and {sibling.name} with {theirs}; run tools/test.py on both "
                "with the same options"
            )


def _trained_otherwise(run: Run, other: Run) -> bool:
    """Return whether two runs' configs differ in more than the fold; unknown ones do not."""
    if not (has_config(run.folder) and has_config(other.folder)):
        return False
    lines = config_differences(_training_of(other), _training_of(run))
    keys = [line.partition(": ")[0].split(".") for line in lines]
    return any(not _OF_VALIDATION & set(key) for key in keys)


def _training_of(run: Run) -> dict[str, Any]:
    """Return what says in a run's config how its weights came to be, hooks by their type."""
    config = run.config(only=(*_OF_TRAINING, "custom_hooks"))
    hooks = {str(hook["type"]): hook for hook in config.get("custom_hooks") or []}
    return {**config, "custom_hooks": hooks}
