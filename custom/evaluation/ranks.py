"""What rescoring does to the order of the boxes, which is all that AP looks at.

Fusing and soft-NMS change scores. If those of a class all change alike, AP stays what it was; it
moves when hits and misses trade places.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from custom.errors import PodiumError
from custom.evaluation.counting import HIT
from custom.evaluation.matches import Integers, Matches
from custom.evaluation.matching import match
from custom.tables import GroundTruth, Predictions


@dataclass(frozen=True, eq=False)
class RankChange:
    """How the top boxes of a class changed; a box is known by the annotated box that it hits.

    Attributes:
        name: The class.
        top: How many boxes are looked at: as many as are annotated, or fewer where asked.
        hits_before: Annotated boxes hit by a box in the top before.
        hits_after: The same after.
        entered: Annotated boxes hit in the top only after.
        left: Annotated boxes hit in the top only before.
        mean_move: By how many places the hits that are in the top both times moved, on average.
        first_miss_before: Place of the first miss before, from 0.
        first_miss_after: The same after.
    """

    name: str
    top: int
    hits_before: int
    hits_after: int
    entered: int
    left: int
    mean_move: float
    first_miss_before: int
    first_miss_after: int


def rank_changes(
    gt: GroundTruth,
    before: Predictions,
    after: Predictions,
    iou_thr: float = 0.5,
    top: int | None = None,
) -> tuple[RankChange, ...]:
    """Return, class by class, how rescoring changed the order of the top boxes.

    Args:
        gt: The annotated boxes.
        before: The predictions that were rescored or fused.
        after: What came out.
        iou_thr: A detection hits from this IoU on.
        top: How many boxes of a class to look at; as many as are annotated if None.

    Raises:
        PodiumError: If `top` is below 1, or as for `match`.
    """
    if top is not None and top < 1:
        raise PodiumError(f"top must be at least 1, but is {top}")
    pair = [match(gt, table, (iou_thr,), keep_gt=True) for table in (before, after)]
    return rank_changes_of(pair[0], pair[1], top)


def rank_changes_of(
    before: Matches, after: Matches, top: int | None = None
) -> tuple[RankChange, ...]:
    """Return the same of matches with `keep_gt`, at the first of their thresholds."""
    return tuple(_change(before, after, label, top) for label in range(before.num_classes))


def _change(before: Matches, after: Matches, label: int, top: int | None) -> RankChange:
    num_gt = int(before.num_gt[0, label])
    top = num_gt if top is None else min(top, num_gt)
    boxes_before, first_before = _top_hits(before, label, top)
    boxes_after, first_after = _top_hits(after, label, top)
    common, at_before, at_after = np.intersect1d(
        boxes_before[0], boxes_after[0], assume_unique=True, return_indices=True
    )
    moves = np.abs(boxes_before[1][at_before] - boxes_after[1][at_after])
    num_before, num_after = len(boxes_before[0]), len(boxes_after[0])
    return RankChange(
        before.categories.names[label], top, num_before, num_after, num_after - len(common),
        num_before - len(common), float(moves.mean()) if len(moves) else 0.0,
        first_before, first_after,
    )  # fmt: skip


def _top_hits(matches: Matches, label: int, top: int) -> tuple[tuple[Integers, Integers], int]:
    """Return the annotated boxes hit in the top with their places, and the first miss's place."""
    assert matches.matched_gt is not None
    part = matches.of_class(label)
    is_hit = matches.outcomes[0, 0, part][:top] == HIT
    places = np.flatnonzero(is_hit)
    misses = np.flatnonzero(~is_hit)
    first_miss = int(misses[0]) if len(misses) else len(is_hit)
    return (matches.matched_gt[0, 0, part][places], places), first_miss
