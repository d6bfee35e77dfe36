"""The errors of one model as a list, the costliest first: what a gallery shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray, IntArray, box_areas
from custom.evaluation.error_kernels import NO_ERROR
from custom.evaluation.errors import MISSED, ErrorReport
from custom.review.compute.costs import error_costs
from custom.tables import GroundTruth

# A browser filters this many while a slider moves; beyond it are errors that cost next to nothing.
ENTRIES_AT_MOST = 20_000
# So that a class or error type that costs little still has its worst ones shown.
OF_EACH_GROUP = 100


@dataclass(frozen=True, eq=False)
class Entries:
    """Errors of one model, by falling cost.

    Attributes:
        images: Shape (E,), positions of the images.
        kinds: Shape (E,), 1 classification .. 5 background, 6 missed.
        labels: Shape (E,), the detection's class; of a missed box its own.
        scores: Shape (E,), the detection's; 1 for a missed box.
        costs: Shape (E,), in mAP.
        rows: Shape (E,), row of the predictions; of the ground truth for a missed box.
    """

    images: IntArray
    kinds: IntArray
    labels: IntArray
    scores: FloatArray
    costs: FloatArray
    rows: IntArray

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: IntArray) -> Entries:
        """Return the errors at some positions, in that order."""
        return Entries(
            self.images[rows], self.kinds[rows], self.labels[rows], self.scores[rows],
            self.costs[rows], self.rows[rows],
        )  # fmt: skip


def all_entries(gt: GroundTruth, report: ErrorReport) -> Entries:
    """Return every error of a report, the costliest first."""
    costs = error_costs(gt, report)
    found = report.predictions
    wrong = np.flatnonzero((report.kinds > NO_ERROR) & ~report.ignored)
    missed = np.flatnonzero(report.missed)
    height, width = gt.images.sizes_hw[gt.image_index[missed]].T
    share = box_areas(gt.bboxes[missed]) / np.maximum(height * width, 1)
    entries = Entries(
        np.concatenate([found.image_index[wrong], gt.image_index[missed]]),
        np.concatenate([report.kinds[wrong].astype(np.int64), np.full(len(missed), MISSED)]),
        np.concatenate([found.labels[wrong], gt.labels[missed]]),
        np.concatenate([found.scores[wrong], np.ones(len(missed))]),
        np.concatenate([costs.detections[wrong], costs.missed[missed]]),
        np.concatenate([wrong, missed]),
    )
    striking = np.concatenate([found.scores[wrong], share])
    return entries.take(np.lexsort((entries.images, -striking, -entries.costs)))


def worst_entries(
    entries: Entries, at_most: int = ENTRIES_AT_MOST, of_each_group: int = OF_EACH_GROUP
) -> Entries:
    """Return the first errors, and of each error type and class the first at least."""
    groups = entries.kinds * (int(entries.labels.max(initial=0)) + 1) + entries.labels
    kept = rank_in_group(groups) < of_each_group
    kept[:at_most] = True
    return entries.take(np.flatnonzero(kept))


def rank_in_group(groups: IntArray) -> IntArray:
    """Return how many earlier values are equal, for each value, shape (N,).

    Example:
        >>> rank_in_group(np.array([7, 7, 3, 7]))
        array([0, 1, 0, 2])
    """
    order = np.argsort(groups, kind="stable")
    starts = np.r_[True, np.diff(groups[order]) != 0][: len(groups)]
    position = np.arange(len(groups))
    first = np.maximum.accumulate(np.where(starts, position, 0))
    ranks = np.empty(len(groups), np.int64)
    ranks[order] = position - first
    return ranks


def images_to_picture(
    lists: Sequence[Entries], num_images: int, at_most: int, of_each_group: int = 20
) -> IntArray:
    """Return the images that get a picture: the first of each type and class, then the costliest.

    Args:
        lists: The errors of each model.
        num_images: How many there are.
        at_most: How many get one.
        of_each_group: How many errors of a type and class get one for certain.
    """
    cost = np.zeros(num_images)
    sure = np.zeros(num_images, np.bool_)
    for entries in lists:
        cost += np.bincount(entries.images, entries.costs, num_images)
        sure[worst_entries(entries, 0, of_each_group).images] = True
    order = np.lexsort((np.arange(num_images), -cost, ~sure))
    return np.sort(order[:at_most])
