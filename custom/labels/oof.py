"""Out-of-fold predictions of runs, as one table over all images that they judge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from custom.ensemble import FusionConfig, fuse
from custom.errors import PodiumError
from custom.runs import DataEntry, Run, check_same_split
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth


def out_of_fold(runs: Sequence[Run]) -> tuple[GroundTruth, Predictions]:
    """Return the annotations that runs were judged by, and what they predicted there.

    Runs of the same fold are fused by WBF, runs of different folds are joined.

    Raises:
        PodiumError: If there are no runs, or they were judged on different splits or files.
    """
    if not runs:
        raise PodiumError("there must be at least one run, but there is none")
    check_same_split(runs)
    check_same_annotations(runs)
    by_fold: dict[int, list[Run]] = {}
    for run in runs:
        by_fold.setdefault(run.val_fold, []).append(run)
    parts = [_predictions_of(by_fold[fold]) for fold in sorted(by_fold)]
    joined = join(parts)
    return _covered(runs[0], joined.image_ids.tolist()), joined


def check_same_annotations(runs: Sequence[Run]) -> None:
    """Refuse runs that were judged by other boxes than the first one's annotation file has.

    The files may differ elsewhere: pseudo-labels, which teach a run, judge none.

    Raises:
        PodiumError: If the boxes differ; both runs are named.
    """
    first = runs[0]
    others = [run for run in runs if _val(run).hash != _val(first).hash]
    gt = read_ground_truth(first.val_file) if others else None
    for run in others:
        assert gt is not None
        if not _has_boxes_of(gt, run.val_ground_truth):
            raise PodiumError(
                f"runs must be judged by the same boxes, but {first.name} and {run.name} were by "
                f"files in which they differ ({_val(first).ann_file}, {_val(run).ann_file}); "
                "run tools/train.py again with competition.val_ann set to one of them"
            )


def _has_boxes_of(gt: GroundTruth, judged: GroundTruth) -> bool:
    """Return whether the images of `judged` are in `gt`, by the same names, with the same boxes."""
    known = gt.images.index_of_id
    if gt.categories != judged.categories or not all(
        i in known for i in judged.images.ids.tolist()
    ):
        return False
    here = gt.take_ids(judged.images.ids)
    columns = ("offsets", "bboxes", "labels", "iscrowd", "area")
    return here.images.file_names == judged.images.file_names and all(
        np.array_equal(getattr(here, name), getattr(judged, name)) for name in columns
    )


def join(parts: Sequence[Predictions]) -> Predictions:
    """Return tables on different images as one."""
    starts = np.cumsum([0, *(part.num_images for part in parts)])
    return Predictions.from_rows(
        np.concatenate([part.image_ids for part in parts]),
        np.concatenate(
            [part.image_index + start for part, start in zip(parts, starts[:-1], strict=True)]
        ),
        np.concatenate([part.bboxes for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.labels for part in parts]),
        ", ".join(part.source for part in parts),
    )


def _predictions_of(runs: Sequence[Run]) -> Predictions:
    """Return the predictions of one fold, fused where there are several models."""
    tables = [run.val_predictions() for run in runs]
    if len(tables) == 1:
        return tables[0]
    return fuse(tables, runs[0].val_ground_truth.images, FusionConfig(skip_box_thr=0.01))


def _covered(run: Run, image_ids: list[int]) -> GroundTruth:
    return read_ground_truth(run.val_file).take_ids(image_ids)


def _val(run: Run) -> DataEntry:
    """Return what a run's record keeps of the annotations that judge it."""
    return run.data_entry("val")
