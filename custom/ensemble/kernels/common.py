"""What all kernels share: one group's boxes side by side, and overlap."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.compiled.jit import jit

# Boxes of a group stand in columns: x1, y1, x2, y2 and the area, each contiguous, so that one box
# is held against all of them at once. No views of rows: counting references costs more than IoU.
NUM_ROWS = 5


class Pool(NamedTuple):
    """All models' boxes together, image by image: what every kernel fuses in place.

    Attributes:
        offsets: Shape (I+1,), the rows of each image before fusing.
        order: Shape (N,), the rows of each image by label, counted from its first.
        sizes_hw: Shape (I, 2).
        bboxes: Shape (N, 4).
        scores: Shape (N,), weighted.
        labels: Shape (N,).
        models: Shape (N,), int16.
        weights: Shape (M,), of the models.
        class_agnostic: Whether boxes of different labels are fused.
        counts: Shape (I,), out: how many of an image's rows, from its first, hold results.
    """

    offsets: IntArray
    order: np.ndarray
    sizes_hw: IntArray
    bboxes: FloatArray
    scores: FloatArray
    labels: IntArray
    models: np.ndarray
    weights: FloatArray
    class_agnostic: bool
    counts: IntArray


@jit
def size_of(pool: Pool, image: int) -> tuple[float, float]:
    """Return height and width of an image."""
    return float(pool.sizes_hw[image, 0]), float(pool.sizes_hw[image, 1])


@jit
def largest_image(offsets: IntArray, first: int, last: int) -> int:
    """Return the most rows that an image of the range has."""
    most = 0
    for image in range(first, last):
        most = max(most, offsets[image + 1] - offsets[image])
    return most


@jit
def end_of_group(pool: Pool, start: int, begin: int, count: int) -> int:
    """Return where the rows with the label of position `begin` end, in an image of `count`."""
    if pool.class_agnostic:
        return count
    labels, order = pool.labels, pool.order
    end = begin + 1
    label = labels[start + order[start + begin]]
    while end < count and labels[start + order[start + end]] == label:
        end += 1
    return end


@jit
def set_box(boxes: FloatArray, index: int, x1: float, y1: float, x2: float, y2: float) -> None:
    """Write one box and its area to a column of `boxes` (5, N)."""
    boxes[0, index] = x1
    boxes[1, index] = y1
    boxes[2, index] = x2
    boxes[3, index] = y2
    boxes[4, index] = (x2 - x1) * (y2 - y1)


@jit
def copy_box(source: FloatArray, index: int, target: FloatArray, place: int) -> None:
    """Copy column `index` of boxes (5, N) to column `place` of `target`."""
    for row in range(NUM_ROWS):
        target[row, place] = source[row, index]


@jit
def load_group(
    pool: Pool,
    start: int,
    begin: int,
    end: int,
    size_hw: tuple[float, float],
    boxes: FloatArray,
    rows: IntArray,
) -> None:
    """Write a group's boxes, in parts of the image's size, to columns 0, 1, ... of `boxes` (5, N).

    `rows` (N,) gets the row that each comes from.

    The reference decides in these units, and rounds in them; so do we, to decide the same where
    an overlap equals the threshold.
    """
    height, width = size_hw
    bboxes, order = pool.bboxes, pool.order
    for position in range(end - begin):
        row = start + order[start + begin + position]
        rows[position] = row
        set_box(
            boxes,
            position,
            bboxes[row, 0] / width,
            bboxes[row, 1] / height,
            bboxes[row, 2] / width,
            bboxes[row, 3] / height,
        )


@jit
def best_overlap(
    boxes: FloatArray, index: int, others: FloatArray, count: int, iou_thr: float, ious: FloatArray
) -> int:
    """Return which of the first `count` boxes of `others` a box overlaps most; -1 if none enough.

    Args:
        boxes: Shape (5, N), the box is column `index`.
        index: See `boxes`.
        others: Shape (5, M).
        count: How many of `others` to look at.
        iou_thr: The IoU that must be exceeded. The first of equals wins.
        ious: Shape (M,), gets the IoU with each.
    """
    x1, y1, x2, y2 = boxes[0, index], boxes[1, index], boxes[2, index], boxes[3, index]
    area = boxes[4, index]
    for other in range(count):
        width = max(min(x2, others[2, other]) - max(x1, others[0, other]), 0.0)
        height = max(min(y2, others[3, other]) - max(y1, others[1, other]), 0.0)
        common = width * height
        ious[other] = common / (others[4, other] + area - common)
    best, best_iou = -1, iou_thr
    for other in range(count):
        if ious[other] > best_iou:
            best, best_iou = other, ious[other]
    return best


@jit
def add_rounded(sums: np.ndarray, index: int, boxes: FloatArray, box: int, factor: float) -> None:
    """Add box number `box` times `factor` to single-precision sums (4, N), number `index`.

    The reference rounds at each addition, and what overlaps the mean decides what joins next.
    """
    for side in range(4):
        sums[side, index] = np.float32(np.float64(sums[side, index]) + factor * boxes[side, box])


@jit
def set_mean(boxes: FloatArray, index: int, sums: np.ndarray, divisor: float) -> None:
    """Replace box number `index` by its sums by `divisor`, in single precision.

    Its area is that of the rounded sides, in double precision, as the reference takes it. Numba's
    `float` leaves single precision as it is, so the type is named.
    """
    set_box(
        boxes,
        index,
        np.float64(np.float32(np.float64(sums[0, index]) / divisor)),
        np.float64(np.float32(np.float64(sums[1, index]) / divisor)),
        np.float64(np.float32(np.float64(sums[2, index]) / divisor)),
        np.float64(np.float32(np.float64(sums[3, index]) / divisor)),
    )
