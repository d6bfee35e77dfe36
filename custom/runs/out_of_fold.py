"""What runs predicted on images that they have not seen, beside the boxes annotated there.

Whatever compares, fuses or reviews runs asks here: the gate, the ensemble and its search, the
review, the search for label errors and the thresholds of pseudo-labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol, TypeVar

import numpy as np

from custom.errors import PodiumError
from custom.runs.run import Run, val_part
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth
from custom.tables.ground_truth import concatenate as concatenate_ground_truth
from custom.tables.predictions import concatenate as concatenate_predictions

T = TypeVar("T")
_BOX_COLUMNS = ("offsets", "bboxes", "labels", "iscrowd", "area")


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
        elsewhere: What trained it, where that was not this framework, so that nothing is known of
            its seed and its config; empty else.
        annotations: All of the file that `gt` is a part of; None if there is none.
        options: Of `tools/test.py`, that val was predicted with; empty if unknown.
    """

    name: str
    gt: GroundTruth
    predictions: Predictions
    seed: int | None = None
    fold: int | None = None
    split_hash: str | None = None
    pseudo_labels: bool = False
    elsewhere: str = ""
    annotations: GroundTruth | None = None
    options: str = ""


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Several models on the same images.

    Attributes:
        gt: The annotated boxes.
        models: What each model predicted, on gt's images, in their order.
    """

    gt: GroundTruth
    models: tuple[Predictions, ...]

    def by_id(self) -> OutOfFold:
        """Return the same with the images in the order of their ids."""
        order = np.argsort(self.gt.images.ids)
        return OutOfFold(self.gt.take(order), tuple(model.take(order) for model in self.models))


def read_evidence(runs: Iterable[Run]) -> list[Evidence]:
    """Return what runs predicted on their folds; files that several share are read once.

    Raises:
        PodiumError: If a run has no fold that it has not seen, or a file of it is missing, broken
            or not the one that is recorded.
    """
    shared = _Shared()
    return [_evidence_of(run, shared) for run in runs]


def pool(models: Sequence[Sequence[Evidence]]) -> OutOfFold:
    """Join the folds of each model, on the images that every model has out of fold.

    Args:
        models: For each model its folds; the first model's images set the order.

    Raises:
        PodiumError: If there is no model or no common image, a model has a fold twice, or the
            runs are not evaluated on one sealed split by the same boxes.
    """
    everything = [each for model in models for each in model]
    if not everything:
        raise PodiumError("there must be at least one run, but there is none")
    check_same_split(everything)
    check_same_boxes(everything)
    tables = [
        concatenate_predictions(
            [each.predictions for each in model],
            ", ".join(each.predictions.source for each in model),
        )
        for model in models
    ]
    common = reduce(np.intersect1d, [table.image_ids for table in tables])
    if len(common) == 0:
        folds = ", ".join(f"{each.name} fold {each.fold}" for each in everything)
        raise PodiumError(
            f"no val image is out of fold for every model ({folds}), so they cannot be scored "
            "together; train the models on the same folds"
        )
    gt = concatenate_ground_truth([each.gt for each in models[0]])
    gt = gt.take(np.flatnonzero(np.isin(gt.images.ids, common)))
    return OutOfFold(gt, tuple(table.aligned_to(gt.images.ids) for table in tables))


class _OnSplit(Protocol):
    """A run, or its evidence."""

    @property
    def name(self) -> str: ...

    @property
    def split_hash(self) -> str | None: ...


def check_same_split(runs: Iterable[_OnSplit]) -> None:
    """Refuse runs that were not judged on one sealed split.

    Raises:
        PodiumError: If two runs' hashes differ; both are named.
    """
    runs = list(runs)
    for run in runs[1:]:
        if run.split_hash != runs[0].split_hash:
            raise PodiumError(
                f"runs must be judged on one sealed split, but {runs[0].name} was on "
                f"{_short(runs[0].split_hash)} and {run.name} on {_short(run.split_hash)}: a model "
                "may have trained on the images that judge it; train them on the same split"
            )


def check_same_boxes(evidence: Sequence[Evidence]) -> None:
    """Refuse runs that were judged by other images of a fold, or other boxes of an image.

    Their files may differ elsewhere: pseudo-labels are trained on, and evaluate no run.

    Raises:
        PodiumError: If they differ; both runs are named.
    """
    first_of_fold: dict[int | None, Evidence] = {}
    for each in evidence:
        first = first_of_fold.setdefault(each.fold, each)
        if not np.array_equal(first.gt.images.ids, each.gt.images.ids):
            raise PodiumError(
                f"{first.name} and {each.name} must be judged on the same images, but have "
                f"{len(first.gt.images)} and {len(each.gt.images)}, or in another order"
            )
        _refuse_other_boxes(first, first.gt, each)
        if each.annotations is not evidence[0].annotations:
            _refuse_other_boxes(evidence[0], evidence[0].annotations, each)


def _refuse_other_boxes(first: Evidence, reference: GroundTruth | None, other: Evidence) -> None:
    if reference is None or reference is other.gt or _has_boxes_of(reference, other.gt):
        return
    files = " and ".join(dict.fromkeys(e.gt.source for e in (first, other) if e.gt.source))
    raise PodiumError(
        f"runs must be judged by the same boxes, but {first.name} and {other.name} were by "
        f"files in which they differ ({files}): were labels changed in between? score both "
        "by one file, with competition.val_ann set to it"
    )


def _has_boxes_of(gt: GroundTruth, part: GroundTruth) -> bool:
    """Return whether the images of `part` are in `gt`, by the same names, with the same boxes."""
    known = gt.images.index_of_id
    if gt.categories != part.categories or not all(i in known for i in part.images.ids.tolist()):
        return False
    here = gt.take_ids(part.images.ids)
    return here.images.file_names == part.images.file_names and all(
        np.array_equal(getattr(here, name), getattr(part, name)) for name in _BOX_COLUMNS
    )


class _Shared:
    """What several runs are evaluated by: each file, split and fold is read once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Any] = {}

    def get(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        """Return what was made for this key, or make it."""
        if key not in self._known:
            self._known[key] = make()
        found: T = self._known[key]
        return found


def _evidence_of(run: Run, shared: _Shared) -> Evidence:
    fold, val, sealed = run.val_fold, run.data_entry("val"), run.record.split
    file_key, split_key = ("file", val.ann_file, val.hash), ("split", sealed.path, sealed.hash)
    annotations = shared.get(file_key, lambda: read_ground_truth(run.val_file))
    split = shared.get(split_key, lambda: run.split)
    gt = shared.get(
        (*file_key, *split_key, fold),
        lambda: val_part(annotations, split, fold),
    )
    # What was made from runs is a function of them, as far as those are known.
    is_known = run.record.config or any(source.run for source in run.record.made_from)
    return Evidence(
        name=run.name,
        gt=gt,
        predictions=run.read_predictions("val", gt.images, gt.categories),
        seed=run.record.seed,
        fold=run.record.fold,
        split_hash=run.split_hash,
        pseudo_labels=run.record.pseudo_labels is not None,
        elsewhere="" if is_known else str(run.record.trainer or "an unknown trainer"),
        annotations=annotations,
        options=str(run.procedure),
    )


def _short(split_hash: str | None) -> str:
    return "none" if split_hash is None else split_hash[:12]
