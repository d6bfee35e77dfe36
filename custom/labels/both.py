"""Runs scored under two label sets: what cleaning changes about what a fold measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from custom.errors import PodiumError
from custom.evaluation import Score, score_at_best
from custom.files import PathLike
from custom.runs import Run
from custom.splits import changed_val_images, select_part
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth


@dataclass(frozen=True)
class TwoScores:
    """A run under two label sets.

    Attributes:
        run: Its name.
        metric: The run's competition's.
        old: Its value under the first file.
        new: Its value under the second.
        changed: How many of its val images have other boxes in the second file than sealed.
    """

    run: str
    metric: str
    old: float
    new: float
    changed: int


def score_under_both(
    runs: Sequence[Run], old_file: PathLike, new_file: PathLike
) -> list[TwoScores]:
    """Score each run's out-of-fold predictions under two annotation files, matched by file name.

    Raises:
        PodiumError: If a file lacks val images of a run, or has other classes than the run's.
    """
    old, new = read_ground_truth(old_file), read_ground_truth(new_file)
    return [
        TwoScores(
            run.name,
            run.record.metric,
            _score(run, old).value,
            _score(run, new).value,
            len(changed_val_images(run.split, run.val_fold, new)),
        )
        for run in runs
    ]


def _score(run: Run, gt: GroundTruth) -> Score:
    """Score a run under other annotations of its val images, whatever their ids are."""
    own = run.val_ground_truth
    if gt.categories.names != own.categories.names:
        raise PodiumError(
            f"{gt.source} must have the classes that {run.name} was judged on, "
            f"{list(own.categories.names)}, but has {list(gt.categories.names)}"
        )
    # Both follow the split's order, so that only the ids differ.
    judged = gt.take(select_part(run.split, run.val_fold, "val", gt.images))
    predictions = _with_ids(run.val_predictions(), judged.images.ids)
    return score_at_best(judged, predictions, run.record.metric)


def _with_ids(predictions: Predictions, image_ids: np.ndarray) -> Predictions:
    return replace(predictions, image_ids=image_ids)
