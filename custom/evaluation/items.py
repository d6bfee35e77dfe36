"""Which image or region a scored label belongs to: labels of one item have equal boxes.

A classifier writes one box a class for every item: that of the whole image, or the region's. Where
the annotations give every item exactly one class, the classes exclude each other, and an item is
what its highest score says.
"""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.compiled.jit import jit
from custom.compiled.threads import over_ranges
from custom.tables import GroundTruth, Predictions

# Boxes of this IoU are equal: what writing and fusing do to coordinates is far less.
EQUAL_IOU = 0.99


def items_of(offsets: IntArray, bboxes: FloatArray) -> tuple[IntArray, IntArray]:
    """Return the item of each box, shape (N,), and how many items each image has, shape (I,).

    Args:
        offsets: Shape (I+1,); rows `offsets[i]:offsets[i+1]` belong to image i.
        bboxes: Shape (N, 4), xyxy. Those of one image with IoU `EQUAL_IOU` or more are one item.
    """
    within, counts = np.empty(len(bboxes), np.int64), np.zeros(len(offsets) - 1, np.int64)
    over_ranges(_number_items, len(counts), len(bboxes), offsets, bboxes, within, counts)
    starts = np.cumsum(counts) - counts
    return within + np.repeat(starts, np.diff(offsets)), counts


def rival_items(gt: GroundTruth, predictions: Predictions) -> IntArray | None:
    """Return the item of each prediction, shape (N,), where classes exclude each other; else None.

    They do where there are several, every item predicted on is annotated, and no item has two
    classes. An item whose class is unknown (crowd boxes) does not matter.

    Args:
        gt: The annotated items.
        predictions: On gt's images, in its order.
    """
    items, counts = items_of(predictions.offsets, predictions.bboxes)
    gt_items, gt_counts = items_of(gt.offsets, gt.bboxes)
    labels_of_item = np.bincount(gt_items[~gt.iscrowd], minlength=1)
    exclusive = len(gt.categories) > 1 and labels_of_item.max() == 1
    return items if exclusive and (counts <= gt_counts).all() else None


@jit
def _number_items(
    start: int, stop: int, offsets: IntArray, bboxes: FloatArray, within: IntArray, counts: IntArray
) -> None:  # pragma: no cover
    """Number the items of the images start..stop from 0, in the order of their first boxes.

    The search starts at the item found last and goes on from there: labels mostly come item by
    item, or class by class with the items in one order.
    """
    most = 1
    for image in range(start, stop):
        most = max(most, offsets[image + 1] - offsets[image])
    first_rows = np.empty(most, np.int64)
    for image in range(start, stop):
        count, guess = 0, 0
        for row in range(offsets[image], offsets[image + 1]):
            found = -1
            for k in range(count):
                item = guess + k if guess + k < count else guess + k - count
                if _are_equal(bboxes[row], bboxes[first_rows[item]]):
                    found = item
                    break
            if found < 0:
                found, count = count, count + 1
                first_rows[found] = row
            within[row] = found
            guess = found
        counts[image] = count


@jit
def _are_equal(a: FloatArray, b: FloatArray) -> bool:  # pragma: no cover
    if a[0] == b[0] and a[1] == b[1] and a[2] == b[2] and a[3] == b[3]:
        return True
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return False
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return w * h / (areas - w * h) >= EQUAL_IOU
