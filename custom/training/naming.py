"""The name of a run that is given none: its config, and what the command line makes different."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from custom.files import canonical_hash
from custom.training.seeding.config import is_free

USUAL_SEED = 42

# Where the data lies changes no training; fold and seed have their own place in the name.
_NAMED_OTHERWISE = (
    "competition.fold",
    "competition.data_root",
    *(f"competition.{part}_images" for part in ("train", "val", "test")),
    "randomness",
)
_READABLE = re.compile(r"[\w.+-]{1,40}")


def default_run_name(
    path: str | Path, fold: int | None, seed: int, overrides: Mapping[str, Any] | None = None
) -> str:
    """Return the config's name, with whatever is not as usual: fold, seed, `--cfg-options`.

    A fold of None stands for all of them.

    Example:
        >>> default_run_name("configs/toy.py", 1, 42, {"optim_wrapper.optimizer.lr": 0.02})
        'toy_fold1_lr0.02'
    """
    of_fold = "_all" if fold is None else (f"_fold{fold}" if fold else "")
    of_seed = f"_seed{seed}" if seed != USUAL_SEED else ""
    return Path(path).stem + of_fold + of_seed + _of_changes(overrides or {})


def _of_changes(overrides: Mapping[str, Any]) -> str:
    """Return the last word of each key that changes the training with its value, or a hash."""
    changes = {
        key: value
        for key, value in sorted(overrides.items())
        if not is_free(key) and not key.startswith(_NAMED_OTHERWISE)
    }
    if not changes:
        return ""
    text = "_".join(f"{key.rpartition('.')[2]}{value}" for key, value in changes.items())
    return f"_{text}" if _READABLE.fullmatch(text) else f"_{canonical_hash(repr(changes))[:8]}"
