"""What a rescoring method does to the order of the best boxes, which is all that AP sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.errors import PodiumError
from custom.tables import Predictions

_SAME_BOX_IOU = 0.5


@dataclass(frozen=True, eq=False)
class RankChanges:
    """The best boxes of a table, and where each stood before it was rescored.

    Ranks are over the whole data set, within the class, from 0, as AP orders boxes.

    Attributes:
        image_ids: Shape (K,), by rank after.
        labels: Shape (K,).
        bboxes: Shape (K, 4), as after.
        scores_before: Shape (K,); NaN where no box was there before.
        scores_after: Shape (K,).
        ranks_before: Shape (K,); -1 where no box was there before.
        ranks_after: Shape (K,).
    """

    image_ids: IntArray
    labels: IntArray
    bboxes: FloatArray
    scores_before: FloatArray
    scores_after: FloatArray
    ranks_before: IntArray
    ranks_after: IntArray

    @property
    def moves(self) -> IntArray:
        """By how many places each box rose (positive) or fell, shape (K,); 0 where it is new."""
        known = self.ranks_before >= 0
        return np.where(known, self.ranks_before - self.ranks_after, 0)

    @property
    def num_new(self) -> int:
        """How many of them have no box before that they could come from."""
        return int((self.ranks_before < 0).sum())

    def kept_share(self, top: int) -> float:
        """Return which share of each class's `top` boxes was among its `top` before."""
        best = self.ranks_after < top
        if not best.any():
            return float("nan")
        return float(((self.ranks_before >= 0) & (self.ranks_before < top))[best].mean())


def rank_changes(before: Predictions, after: Predictions, top: int = 100) -> RankChanges:
    """Return how the `top` boxes of each class moved from one table to the other.

    A box of `after` comes from the box of `before` of its class and image that overlaps it most,
    and at least by half.

    Args:
        before: For example the best single model, or a fusion by NMS.
        after: The same images, in any order, after a method that rescores.
        top: How many boxes of each class to follow.

    Raises:
        PodiumError: If an image of `after` is not in `before`, or `top` is below 1.
    """
    if top < 1:
        raise PodiumError(f"top must be at least 1, but is {top}")
    before = before.aligned_to(after.image_ids)
    ranks_before, ranks_after = _ranks(before), _ranks(after)
    chosen = np.flatnonzero(ranks_after < top)
    chosen = chosen[np.lexsort((ranks_after[chosen], after.labels[chosen]))]
    image_index = after.image_index[chosen]
    origins = np.array(
        [
            _origin(before, int(i), after, int(row))
            for i, row in zip(image_index, chosen, strict=True)
        ],
        dtype=np.int64,
    )
    found = origins >= 0
    scores, ranks = np.full(len(chosen), np.nan), np.full(len(chosen), -1)
    scores[found], ranks[found] = before.scores[origins[found]], ranks_before[origins[found]]
    return RankChanges(
        after.image_ids[image_index],
        after.labels[chosen],
        after.bboxes[chosen],
        scores,
        after.scores[chosen],
        ranks,
        ranks_after[chosen],
    )


def _ranks(table: Predictions) -> IntArray:
    """Return each box's place among all boxes of its class, by falling score, from 0."""
    order = np.lexsort((-table.scores, table.labels))
    starts = np.searchsorted(table.labels[order], table.labels[order])
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order)) - starts
    return ranks


def _origin(before: Predictions, image: int, after: Predictions, row: int) -> int:
    """Return the row of `before` that a row of `after` comes from, or -1."""
    rows = before.rows(image)
    same = np.flatnonzero(before.labels[rows] == after.labels[row]) + rows.start
    if not len(same):
        return -1
    a, b = before.bboxes[same], after.bboxes[row]
    sides = np.minimum(a[:, 2:], b[2:]) - np.maximum(a[:, :2], b[:2])
    common = np.clip(sides, 0.0, None).prod(axis=1)
    union = (a[:, 2:] - a[:, :2]).prod(axis=1) + (b[2:] - b[:2]).prod() - common
    best = int(np.argmax(common / union))
    return int(same[best]) if common[best] >= _SAME_BOX_IOU * union[best] else -1
