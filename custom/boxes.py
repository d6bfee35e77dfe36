"""The only place where boxes are converted, checked, clipped or found to have no area."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

# Rounding in other tools moves a side by up to a pixel; beyond it a box is wrong, not rounded.
TOLERANCE_PX = 1.0


def xywh_to_xyxy(bboxes_xywh: npt.ArrayLike) -> FloatArray:
    """Convert boxes from corner and size to two corners.

    Args:
        bboxes_xywh: Shape (N, 4): x, y of the upper left corner, width, height. N may be 0.

    Returns:
        Shape (N, 4): x1, y1, x2, y2, in the unit of the input.

    Example:
        >>> xywh_to_xyxy([[10, 20, 30, 40]])
        array([[10., 20., 40., 60.]])
    """
    bboxes = np.array(bboxes_xywh, dtype=np.float64).reshape(-1, 4)
    bboxes[:, 2:] += bboxes[:, :2]
    return bboxes


def xyxy_to_xywh(bboxes: npt.ArrayLike) -> FloatArray:
    """Convert boxes from two corners to corner and size, shape (N, 4); N may be 0.

    Example:
        >>> xyxy_to_xywh([[10, 20, 40, 60]])
        array([[10., 20., 30., 40.]])
    """
    bboxes_xywh = np.array(bboxes, dtype=np.float64).reshape(-1, 4)
    bboxes_xywh[:, 2:] -= bboxes_xywh[:, :2]
    return bboxes_xywh


def box_areas(bboxes: FloatArray) -> FloatArray:
    """Return the areas of boxes, shape (N,), in squared pixels, for xyxy boxes (N, 4)."""
    return (bboxes[:, 2] - bboxes[:, 0]) * (bboxes[:, 3] - bboxes[:, 1])


def overhang(bboxes: FloatArray, sizes_hw: IntArray) -> FloatArray:
    """Return by how many pixels each box leaves its image; negative where it is inside.

    Args:
        bboxes: Shape (N, 4), xyxy, pixels.
        sizes_hw: Shape (N, 2), height and width of each box's image.

    Returns:
        Shape (N,), the largest distance over the four sides.
    """
    beyond = np.maximum(bboxes[:, 2] - sizes_hw[:, 1], bboxes[:, 3] - sizes_hw[:, 0])
    return np.maximum(beyond, -bboxes[:, :2].min(axis=1, initial=np.inf))


def clip_bboxes(bboxes: FloatArray, sizes_hw: IntArray) -> FloatArray:
    """Return xyxy boxes (N, 4) limited to images of height and width (N, 2); 0 is unknown."""
    known = np.where(sizes_hw > 0, sizes_hw, np.inf)
    return np.clip(bboxes, 0.0, known[:, [1, 0, 1, 0]])


def limit_bboxes(bboxes: FloatArray, sizes_hw: IntArray) -> tuple[FloatArray, BoolArray]:
    """Return xyxy boxes (N, 4) limited to their images, and which have an area left, (N,)."""
    limited = clip_bboxes(bboxes, sizes_hw)
    return limited, ~is_degenerate(limited)


def is_degenerate(bboxes: FloatArray) -> BoolArray:
    """Return, shape (N,), where an xyxy box has x2 <= x1 or y2 <= y1."""
    return (bboxes[:, 2] <= bboxes[:, 0]) | (bboxes[:, 3] <= bboxes[:, 1])


def likely_reading(
    values: FloatArray, own: str, sizes_hw: IntArray | None = None
) -> tuple[str, float] | None:
    """Return what the four numbers of boxes mean, if almost all make sense only in another way.

    Args:
        values: Shape (N, 4), as a file has them.
        own: How they are meant to be read, such as "x, y, w, h".
        sizes_hw: Shape (N, 2), height and width of each box's image, where they are known.

    Returns:
        The other reading and the share of boxes that it fits; None where there is none.
    """
    readings = {
        "x1, y1, x2, y2": values,
        "x, y, w, h": xywh_to_xyxy(values),
        "x1, x2, y1, y2": values[:, [0, 2, 1, 3]],
        "y1, x1, y2, x2": values[:, [1, 0, 3, 2]],
        "centre x, centre y, w, h": xywh_to_xyxy(
            np.column_stack([values[:, :2] - values[:, 2:] / 2, values[:, 2:]])
        ),
    }
    shares = {name: _share_in_image(bboxes, sizes_hw) for name, bboxes in readings.items()}
    best = max(shares, key=lambda name: shares[name])
    if best == own or shares[best] < 0.98 or shares[own] > 0.98:
        return None
    return best, shares[best]


def look_like_fractions(bboxes: FloatArray, sizes_hw: IntArray) -> bool:
    """Return whether all xyxy boxes (N, 4) on images (N, 2) look like fractions of the image."""
    return len(bboxes) > 0 and bool(bboxes.max() <= 1.5) and bool(sizes_hw.min() > 2)


def _share_in_image(bboxes: FloatArray, sizes_hw: IntArray | None) -> float:
    """Return the share of boxes that have an area and lie in their image."""
    good = ~is_degenerate(bboxes)
    if sizes_hw is not None:
        good &= (overhang(bboxes, sizes_hw) <= TOLERANCE_PX) | ~sizes_hw.all(axis=1)
    return float(good.mean()) if len(good) else 0.0
