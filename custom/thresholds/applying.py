"""Which predictions reach the threshold of their class, and the thresholds that a run keeps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from custom.boxes import BoolArray
from custom.errors import PodiumError
from custom.files import sha256_of
from custom.runs import Run
from custom.tables import Categories, Predictions


def above(
    predictions: Predictions, categories: Categories, score_thrs: Mapping[str, float | None]
) -> BoolArray:
    """Return, shape (N,), which boxes reach their class's threshold; classes go by name.

    Args:
        predictions: Of the classes `categories`.
        categories: The classes of its labels.
        score_thrs: By class name; None: no box of the class is taken.

    Raises:
        PodiumError: If a class has no threshold, not even that none of its boxes is taken.
    """
    unknown = [name for name in categories.names if name not in score_thrs]
    if unknown:
        raise PodiumError(
            f"classes of the predictions must be among those of the out-of-fold annotations "
            f"({', '.join(score_thrs)}), but {unknown[0]!r} is not"
        )
    named = [score_thrs[name] for name in categories.names]
    limits = np.array([np.inf if limit is None else limit for limit in named])
    return predictions.scores >= limits[predictions.labels]


def kept_thresholds(run: Run, categories: Categories) -> dict[str, float]:
    """Return the thresholds by class that `tools/thresholds.py` chose for a run.

    Raises:
        PodiumError: If none were chosen, one was refused, or they were chosen on other
            predictions than the run has now.
    """
    tool = f"tools/thresholds.py {run.folder}"
    choice = run.record.threshold_choice
    if choice is None:
        raise PodiumError(
            f"{run.name} must have thresholds by class for this, but has none; choose them by "
            f"{tool} --precision .9, or another goal"
        )
    if choice.refused:
        named = ", ".join(choice.refused)
        raise PodiumError(
            f"every class of {run.name} must have a threshold, but {named} had none for "
            f"{choice.goal}: {next(iter(choice.refused.values()))}; choose by a goal that all "
            f"classes reach: {tool}"
        )
    if choice.predictions.get(run.name) != sha256_of(run.folder / "val.json"):
        raise PodiumError(
            f"{run.name}: thresholds must be chosen on the predictions that the run has, but "
            f"val.json was predicted again since; run {tool} again"
        )
    return {name: run.record.thresholds[name] for name in categories.names}
