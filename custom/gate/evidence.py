"""What a gate judges by: the val predictions of runs, and how folds and seeds are put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from custom.errors import PodiumError
from custom.tables import GroundTruth, Images, Predictions
from custom.tables.rows import offsets_of

_BOX_COLUMNS = ("bboxes", "labels", "iscrowd", "area", "annotation_ids")


@dataclass(frozen=True, eq=False)
class Evidence:
    """One run's predictions on its val images.

    Attributes:
        name: Of the run, for messages.
        gt: The annotated boxes of the val images.
        predictions: On these images.
        seed: Of the training; None if unknown.
        fold: Whose images these are; None without folds.
        split_hash: Of the sealed split; None if there is none.
        pseudo_labels: Whether it was trained on labels that models made.
    """

    name: str
    gt: GroundTruth
    predictions: Predictions
    seed: int | None = None
    fold: int | None = None
    split_hash: str | None = None
    pseudo_labels: bool = False


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
    for side, runs in (("new", new), ("baseline", baseline)):
        if not runs:
            raise PodiumError(f"the {side} side must have at least one run, but has none")
    _check_one_split([*new, *baseline])
    by_fold = [_by_fold(side) for side in (new, baseline)]
    if by_fold[0].keys() != by_fold[1].keys():
        raise PodiumError(
            f"both sides must cover the same folds, but new has {sorted(by_fold[0], key=str)} and "
            f"baseline {sorted(by_fold[1], key=str)}; name the runs of the same folds"
        )
    folds = sorted(by_fold[0], key=lambda fold: -1 if fold is None else fold)
    for fold in folds:
        for run in (*by_fold[0][fold][1:], *by_fold[1][fold]):
            _check_same_boxes(by_fold[0][fold][0], run)
    gt = concatenate([by_fold[0][fold][0].gt for fold in folds])
    sides = [_replicates(side, folds, gt) for side in by_fold]
    return Pooled(gt, sides[0], sides[1], tuple(folds))


def concatenate(gts: Sequence[GroundTruth]) -> GroundTruth:
    """Return the images of several tables in one; their ids and names must differ."""
    if len(gts) == 1:
        return gts[0]
    images = Images(
        np.concatenate([gt.images.ids for gt in gts]),
        tuple(name for gt in gts for name in gt.images.file_names),
        np.concatenate([gt.images.sizes_hw for gt in gts]),
        gts[0].source,
    )
    offsets = offsets_of(np.concatenate([np.diff(gt.offsets) for gt in gts]))
    columns = {name: np.concatenate([getattr(gt, name) for gt in gts]) for name in _BOX_COLUMNS}
    return GroundTruth(images, gts[0].categories, offsets, **columns)


def _check_one_split(runs: Sequence[Evidence]) -> None:
    first = runs[0]
    for run in runs[1:]:
        if run.split_hash != first.split_hash:
            raise PodiumError(
                f"runs must be judged on one sealed split, but {first.name} was on "
                f"{_short(first.split_hash)} and {run.name} on {_short(run.split_hash)}: a model "
                "may have trained on the images that judge it; train both on the same split"
            )


def _short(split_hash: str | None) -> str:
    return "none" if split_hash is None else split_hash[:12]


def _by_fold(runs: Sequence[Evidence]) -> dict[int | None, list[Evidence]]:
    """Return the runs of each fold, by seed, then name."""
    found: dict[int | None, list[Evidence]] = {}
    for run in sorted(runs, key=lambda run: (-1 if run.seed is None else run.seed, run.name)):
        found.setdefault(run.fold, []).append(run)
    counts = {fold: len(group) for fold, group in found.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"fold {fold}: {counts[fold]}" for fold in sorted(counts, key=str))
        raise PodiumError(
            f"every fold must have the same number of runs, so that seeds can be told apart, but "
            f"{runs[0].name} and its like have {listed}"
        )
    return found


def _check_same_boxes(first: Evidence, other: Evidence) -> None:
    """Refuse runs of one fold that were judged by different images or boxes."""
    a, b = first.gt, other.gt
    if not np.array_equal(a.images.ids, b.images.ids):
        raise PodiumError(
            f"{first.name} and {other.name} must be judged on the same images, but have "
            f"{len(a.images)} and {len(b.images)}, or in another order"
        )
    columns = [field.name for field in fields(a) if field.name in (*_BOX_COLUMNS, "offsets")]
    if a.categories != b.categories or not all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in columns
    ):
        raise PodiumError(
            f"{first.name} and {other.name} must be judged by the same boxes, but their val "
            "annotations differ: were labels changed in between? Score both against one file"
        )


def _replicates(
    by_fold: dict[int | None, list[Evidence]], folds: Sequence[int | None], gt: GroundTruth
) -> tuple[Predictions, ...]:
    """Return, seed by seed, the predictions on all folds, in the order of gt's images."""
    num_replicates = len(by_fold[folds[0]])
    return tuple(
        _joined([by_fold[fold][k].predictions for fold in folds], gt) for k in range(num_replicates)
    )


def _joined(tables: Sequence[Predictions], gt: GroundTruth) -> Predictions:
    if len(tables) == 1:
        return tables[0].aligned_to(gt.images.ids)
    offsets = offsets_of(np.concatenate([np.diff(table.offsets) for table in tables]))
    ids = np.concatenate([table.image_ids for table in tables])
    return Predictions(
        ids,
        offsets,
        np.concatenate([table.bboxes for table in tables]),
        np.concatenate([table.scores for table in tables]),
        np.concatenate([table.labels for table in tables]),
        tables[0].source,
    ).aligned_to(gt.images.ids)
