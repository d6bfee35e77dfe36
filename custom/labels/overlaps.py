"""How boxes overlap: each of one list with each of another."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from custom.boxes import FloatArray, box_areas

# Two boxes of a class that share this much are as likely as not one object annotated twice.
TWICE_IOU = 0.8


# Overlaps that are held at once, so that memory grows with the boxes and not with their square.
_AT_ONCE = 1 << 22


def pairwise_iou(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return the IoU of each box (N, 4) with each other box (M, 4), xyxy, shape (N, M)."""
    shared = _shared(one, other, 0) * _shared(one, other, 1)
    union = box_areas(one)[:, None] + box_areas(other)[None] - shared
    return shared / np.maximum(union, 1e-12, out=union)


def iou_in_parts(one: FloatArray, other: FloatArray) -> Iterator[tuple[slice, FloatArray]]:
    """Yield the rows of `pairwise_iou`, a limited number at once, and which they are."""
    step = max(_AT_ONCE // max(len(other), 1), 1)
    for start in range(0, len(one), step):
        rows = slice(start, min(start + step, len(one)))
        yield rows, pairwise_iou(one[rows], other)


def _shared(one: FloatArray, other: FloatArray, axis: int) -> FloatArray:
    """Return how much of a line each pair of boxes shares, shape (N, M)."""
    shared = np.minimum(one[:, None, axis + 2], other[None, :, axis + 2])
    shared -= np.maximum(one[:, None, axis], other[None, :, axis])
    return np.clip(shared, 0, None, out=shared)
