"""Where pseudo-labels came from, and which folds can still evaluate a training on them.

A model that was trained on a fold's val images has seen their boxes, and its labels pass them on. A
model that is trained on these labels and evaluated on that fold looks better than it is. So the
annotation file says in `info.pseudo_labels` which folds none of its sources saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from custom.errors import PodiumError
from custom.files import PathLike, read_json
from custom.runs import PseudoLabels, Run, check_same_split
from custom.typed_json import from_json

KEY = "pseudo_labels"


def unseen_folds(runs: Sequence[Run]) -> tuple[int, ...]:
    """Return the folds whose val images neither a run nor a source of its labels was trained on.

    Raises:
        PodiumError: If the runs are of different splits.
    """
    check_same_split(runs)
    common: set[int] | None = None
    for run in runs:
        unseen = set() if run.record.fold is None else {run.record.fold}
        if run.record.pseudo_labels is not None:
            unseen &= set(run.record.pseudo_labels.unseen_folds)
        common = unseen if common is None else common & unseen
    return tuple(sorted(common or ()))


def evaluating_fold(runs: Sequence[Run], fold: int | None) -> int:
    """Return the fold that will evaluate a training on labels of these runs.

    Args:
        runs: The models that made the predictions.
        fold: The fold that is wanted; the one that all left out where None.

    Raises:
        PodiumError: If a run saw the fold, or no fold is left; the way out is named.
    """
    unseen = unseen_folds(runs)
    wanted = fold if fold is not None else (unseen[0] if unseen else None)
    if wanted is not None and wanted in unseen:
        return wanted
    seen_by = [run for run in runs if wanted not in unseen_folds([run])]
    described = ", ".join(f"{run.name} ({_left_out(run)})" for run in seen_by)
    which = "any one fold" if wanted is None else f"fold {wanted}"
    raise PodiumError(
        f"what makes pseudo-labels must not have seen the val images of {which}, which will "
        f"evaluate the training on them, but these have: {described}; predict with models that "
        "left out that fold, one file of pseudo-labels for each fold, or do without an evaluation: "
        "--unjudged"
    )


def _left_out(run: Run) -> str:
    return "trained on all" if run.record.fold is None else f"left out fold {run.record.fold}"


def pseudo_labels_of(ann_file: PathLike) -> PseudoLabels | None:
    """Return what an annotation file says of the pseudo-labels in it; None where it has none.

    Raises:
        PodiumError: If annotations are marked as pseudo-labels but their origin is not told.
    """
    content = read_json(ann_file)
    if not isinstance(content, dict):
        raise PodiumError(f"{ann_file} must be a COCO object with images, but is a list")
    info = content.get("info") or {}
    if isinstance(info, dict) and info.get(KEY) is not None:
        return from_json(PseudoLabels, info[KEY], f"{ann_file}: info.{KEY}")
    marked = [a for a in content.get("annotations") or [] if is_pseudo(a)]
    if marked:
        raise PodiumError(
            f"{ann_file} must tell in info.{KEY} where its pseudo-labels come from, but does not "
            f"({len(marked)} annotations, the first has id {marked[0].get('id')}); was `info` lost "
            "on the way through another tool? restore it from the file that was written"
        )
    return None


def pseudo_labels_for(ann_file: PathLike, split_hash: str, fold: int | None) -> PseudoLabels | None:
    """Return the same for a training that a fold will evaluate, as a run's record keeps it.

    `judged` says whether the fold can evaluate it: whether no source saw its val images. A
    training on all folds (None) is evaluated by none.

    Raises:
        PodiumError: If a source saw them and the file was not made with `--unjudged`.
    """
    told = pseudo_labels_of(ann_file)
    if told is None:
        return None
    judged = told.split_hash == split_hash and fold in told.unseen_folds
    if fold is not None and not judged and not told.unjudged:
        raise PodiumError(
            f"{ann_file} holds pseudo-labels that fold {fold} cannot evaluate: their models left "
            f"out fold {list(told.unseen_folds)} of split {str(told.split_hash)[:12]}; train "
            "on that fold, or make labels with models that left out this one"
        )
    return replace(told, judged=judged)


def is_pseudo(annotation: Any) -> bool:
    """Return whether a model made an annotation."""
    source = annotation.get("source") if isinstance(annotation, dict) else None
    return isinstance(source, str) and source.startswith("pseudo:")
