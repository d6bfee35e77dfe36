"""What a gate judges by: how folds and seeds of its two sides are put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from custom import runs
from custom.errors import PodiumError
from custom.runs import Evidence
from custom.tables import GroundTruth, Predictions


@dataclass(frozen=True, eq=False)
class Pooled:
    """Both sides on the same images; each replicate covers all folds once.

    Attributes:
        gt: The boxes of all folds together.
        new: The replicates of the new side, predictions on gt's images.
        baseline: The replicates of the baseline.
        folds: The folds covered.
    """

    gt: GroundTruth
    new: tuple[Predictions, ...]
    baseline: tuple[Predictions, ...]
    folds: tuple[int | None, ...]


def pool(new: Sequence[Evidence], baseline: Sequence[Evidence]) -> Pooled:
    """Put the folds of each side together, seed by seed.

    Raises:
        PodiumError: If a side is empty, the split hashes or the annotated boxes differ, the sides
            do not cover the same folds, or a side's folds have different numbers of runs.
    """
    for name, side in (("new", new), ("baseline", baseline)):
        if not side:
            raise PodiumError(f"the {name} side must have at least one run, but has none")
    runs.check_same_split([*new, *baseline])
    by_fold = [_by_fold(side) for side in (new, baseline)]
    if by_fold[0].keys() != by_fold[1].keys():
        raise PodiumError(
            f"both sides must cover the same folds, but new has {sorted(by_fold[0], key=str)} and "
            f"baseline {sorted(by_fold[1], key=str)}; name the runs of the same folds"
        )
    folds = sorted(by_fold[0], key=lambda fold: -1 if fold is None else fold)
    sides = [_replicates(side, folds) for side in by_fold]
    pooled = runs.pool([*sides[0], *sides[1]])
    num_new = len(sides[0])
    return Pooled(pooled.gt, pooled.models[:num_new], pooled.models[num_new:], tuple(folds))


def _by_fold(side: Sequence[Evidence]) -> dict[int | None, list[Evidence]]:
    """Return the runs of each fold, by seed, then name."""
    found: dict[int | None, list[Evidence]] = {}
    for run in sorted(side, key=lambda run: (-1 if run.seed is None else run.seed, run.name)):
        found.setdefault(run.fold, []).append(run)
    counts = {fold: len(group) for fold, group in found.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"fold {fold}: {counts[fold]}" for fold in sorted(counts, key=str))
        raise PodiumError(
            f"every fold must have the same number of runs, so that seeds can be told apart, but "
            f"{side[0].name} and its like have {listed}"
        )
    return found


def _replicates(
    by_fold: dict[int | None, list[Evidence]], folds: Sequence[int | None]
) -> list[list[Evidence]]:
    """Return, seed by seed, the runs of all folds."""
    return [[by_fold[fold][k] for fold in folds] for k in range(len(by_fold[folds[0]]))]
