"""How boxes overlap: each of one list with each of another."""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray, box_areas

# Two boxes of a class that share this much are as likely as not one object annotated twice.
TWICE_IOU = 0.8


def pairwise_iou(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return the IoU of each box (N, 4) with each other box (M, 4), xyxy, shape (N, M)."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    union = box_areas(one)[:, None] + box_areas(other)[None] - shared
    return shared / np.maximum(union, 1e-12)
