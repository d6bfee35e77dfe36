"""How boxes overlap: each of one list with each of another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray, IntArray, box_areas
from custom.tables import GroundTruth, Predictions

# Two boxes of a class that share this much are as likely as not one object annotated twice.
TWICE_IOU = 0.8
# Below this two boxes mean two objects.
RELATED_IOU = 0.25

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


@dataclass(frozen=True, eq=False)
class Related:
    """Which predicted boxes overlap which annotated ones, over a whole data set.

    Attributes:
        found: Shape (P,), rows of the predictions, in order.
        annotated: Shape (P,), rows of the annotations.
        iou: Shape (P,), at least `RELATED_IOU`.
        best: Shape (N,), the largest overlap of each prediction with any annotation.
        second: Shape (N,), the next largest.
    """

    found: IntArray
    annotated: IntArray
    iou: FloatArray
    best: FloatArray
    second: FloatArray


def relate(predictions: Predictions, gt: GroundTruth) -> Related:
    """Return the pairs of boxes that may mean one object; the images are the same, in order."""
    best, second = np.zeros((2, predictions.num_boxes))
    pairs: list[tuple[IntArray, IntArray, FloatArray]] = []
    for index in range(len(gt.images)):
        own, annotated = predictions.rows(index), gt.rows(index)
        if annotated.start == annotated.stop:
            continue
        for part, overlaps in iou_in_parts(predictions.bboxes[own], gt.bboxes[annotated]):
            rows = slice(own.start + part.start, own.start + part.stop)
            best[rows], second[rows] = _two_largest(overlaps)
            one, other = np.nonzero(overlaps >= RELATED_IOU)
            pairs.append((rows.start + one, annotated.start + other, overlaps[one, other]))
    none = np.zeros(0, np.int64)
    return Related(
        np.concatenate([none, *(found for found, _, _ in pairs)]),
        np.concatenate([none, *(other for _, other, _ in pairs)]),
        np.concatenate([np.zeros(0), *(iou for _, _, iou in pairs)]),
        best,
        second,
    )


def _two_largest(overlaps: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the largest and the next largest of each row; 0 where there is but one."""
    if overlaps.shape[1] == 1:
        return overlaps[:, 0], np.zeros(len(overlaps))
    largest = np.partition(overlaps, -2, axis=1)
    return largest[:, -1], largest[:, -2]


def _shared(one: FloatArray, other: FloatArray, axis: int) -> FloatArray:
    """Return how much of a line each pair of boxes shares, shape (N, M)."""
    shared = np.minimum(one[:, None, axis + 2], other[None, :, axis + 2])
    shared -= np.maximum(one[:, None, axis], other[None, :, axis])
    return np.clip(shared, 0, None, out=shared)
