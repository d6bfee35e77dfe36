"""What all kernels share: how they are compiled, overlap, and one image's rows in a workspace."""

from __future__ import annotations

import numba
import numpy as np

from custom.boxes import FloatArray, IntArray

# Without the GIL, so that threads run ranges of images side by side; on disk, so that only the
# first run on a machine compiles; and division as in numpy, without a branch for zero.
jit = numba.njit(nogil=True, cache=True, error_model="numpy")


@jit
def intersection(a: FloatArray, b: FloatArray) -> float:
    """Return the common area of two xyxy boxes, 0 where they only touch."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0.0 or height <= 0.0:
        return 0.0
    return width * height


@jit
def area(box: FloatArray) -> float:
    """Return the area of an xyxy box."""
    return (box[2] - box[0]) * (box[3] - box[1])


@jit
def normalise(source: FloatArray, size_hw: IntArray, target: FloatArray) -> None:
    """Write a box in pixels to `target` as parts of the image's size, 0 to 1.

    The reference decides in these units, and rounds in them; so do we, to decide the same where
    an overlap equals the threshold.
    """
    for side in range(4):
        target[side] = source[side] / size_hw[1 - side % 2]


@jit
def largest_image(offsets: IntArray, first: int, last: int) -> int:
    """Return the most rows that an image of the range has."""
    most = 0
    for image in range(first, last):
        most = max(most, offsets[image + 1] - offsets[image])
    return most


@jit
def best_overlap(
    box: FloatArray, candidates: FloatArray, first: int, last: int, iou_thr: float
) -> tuple[int, float]:
    """Return which candidate the box overlaps most, the first of equals, and the IoU.

    Args:
        box: Shape (4,), xyxy.
        candidates: Their boxes in columns 0 to 3 and areas in column 4.
        first: The first candidate that is asked.
        last: Where the candidates end.
        iou_thr: The IoU that must be exceeded; the index is -1 where none does.
    """
    best, best_iou = -1, iou_thr
    box_area = area(box)
    for index in range(first, last):
        common = intersection(candidates[index], box)
        if common > 0.0:
            iou = common / (candidates[index, 4] + box_area - common)
            if iou > best_iou:
                best, best_iou = index, iou
    return best, best_iou


@jit
def add_rounded(sums: np.ndarray, box: FloatArray, factor: float) -> None:
    """Add a box times `factor` to single-precision sums (4,), rounded at each addition.

    The reference rounds so, and what overlaps the mean decides what joins next.
    """
    for side in range(4):
        sums[side] = np.float32(float(sums[side]) + factor * box[side])
