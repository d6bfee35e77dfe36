"""Arithmetic on the CSR layout: flat rows, grouped by image with one offsets array."""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray, IntArray


def offsets_of(counts: IntArray) -> IntArray:
    """Return offsets (I+1,) for the number of rows of each image (I,)."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])


def group_by_image(image_index: IntArray, num_images: int) -> tuple[IntArray, IntArray]:
    """Return the order that sorts rows by image, stable, and the offsets (I+1,) after it.

    Args:
        image_index: Shape (N,), the position of each row's image, 0..I-1.
        num_images: I; images without rows get an empty range.
    """
    order = np.argsort(image_index, kind="stable")
    return order, offsets_of(np.bincount(image_index, minlength=num_images))


def image_index_of(offsets: IntArray) -> IntArray:
    """Return the position of each row's image, shape (N,), for offsets (I+1,)."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def rows_of_images(offsets: IntArray, indices: IntArray) -> tuple[IntArray, IntArray]:
    """Return the rows of the images at positions `indices`, in that order, and their offsets."""
    counts = np.diff(offsets)[indices]
    taken = offsets_of(counts)
    starts = offsets[:-1][indices]
    rows = np.arange(taken[-1]) + np.repeat(starts - taken[:-1], counts)
    return rows, taken


def positions_of(values: FloatArray, ids: IntArray) -> IntArray:
    """Return the place of each value (N,) in `ids`, shape (N,).

    Raises:
        ValueError: If a value is not among them.
    """
    whole = np.where(np.abs(values) <= 2**53, values, -1).astype(np.int64)
    places = _places(whole, ids) if len(ids) else np.full(len(values), -1)
    if (places < 0).any() or (whole != values).any():
        raise ValueError("all values must be among the ids")
    return places


def _places(values: IntArray, ids: IntArray) -> IntArray:
    """Return the place of each value in `ids`, which are different; -1 where there is none."""
    lowest, highest = int(ids.min()), int(ids.max())
    if highest - lowest < 4 * len(ids) + 1024:  # a table of all numbers between is small
        table = np.full(highest - lowest + 2, -1)
        table[ids - lowest] = np.arange(len(ids))
        is_between = (values >= lowest) & (values <= highest)
        return table[np.where(is_between, values - lowest, -1)]
    order = np.argsort(ids)
    found = order[np.minimum(np.searchsorted(ids[order], values), len(ids) - 1)]
    return np.where(ids[found] == values, found, -1)
