"""Compiled kernels that order boxes: by class and falling score, and by image."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from custom.boxes import FloatArray, IntArray
from custom.compiled.jit import jit

# A score's 64 bits are sorted by digits of 11: six passes, the counts of all fit into the cache.
DIGIT_BITS, NUM_DIGITS = 11, 6
NUM_VALUES = 1 << DIGIT_BITS
# Fewer boxes than this are sorted by insertion, faster than clearing the counts.
FEW = 48
# Rows of up to some hundred bytes that are copied together.
TOGETHER = 64
_SIGN = np.uint64(1 << 63)

Keys = npt.NDArray[np.uint64]


@jit
def group_rows(
    labels: npt.NDArray[np.integer], order: IntArray, num_classes: int
) -> tuple[IntArray, IntArray]:  # pragma: no cover
    """Return `order` regrouped by class, stable, and the offsets (C+1,) of the classes.

    Args:
        labels: Shape (N,), 0..C-1.
        order: Shape (N,), the rows in the order that is kept within a class.
        num_classes: C.
    """
    offsets = np.zeros(num_classes + 1, np.int64)
    for row in order:
        offsets[labels[row] + 1] += 1
    for label in range(num_classes):
        offsets[label + 1] += offsets[label]
    cursor = offsets[:-1].copy()
    grouped = np.empty(len(order), np.int64)
    for row in order:
        label = labels[row]
        grouped[cursor[label]] = row
        cursor[label] += 1
    return grouped, offsets


@jit
def sort_by_score(
    start: int, stop: int, rows: IntArray, offsets: IntArray, scores: FloatArray
) -> None:  # pragma: no cover
    """Sort the rows of the classes start..stop by falling score, in place; ties keep their order.

    Args:
        start: The first class.
        stop: The class after the last.
        rows: Shape (N,), grouped by class.
        offsets: Shape (C+1,), the ranges of the classes in `rows`.
        scores: Shape (N,), of the rows, finite.
    """
    longest = 0
    for label in range(start, stop):
        longest = max(longest, offsets[label + 1] - offsets[label])
    bits = scores.view(np.uint64)
    keys, other_keys = np.empty(longest, np.uint64), np.empty(longest, np.uint64)
    other_rows = np.empty(longest, np.int64)
    counts = np.empty((NUM_DIGITS, NUM_VALUES), np.int64)
    for label in range(start, stop):
        part = rows[offsets[label] : offsets[label + 1]]
        for k in range(len(part)):
            keys[k] = _falling(bits[part[k]])
        if len(part) < FEW:
            _insert(keys, part)
        else:
            _sort_by_digits(keys, part, other_keys, other_rows, counts)


@jit
def _falling(bits: np.uint64) -> np.uint64:  # pragma: no cover
    """Return a key that falls as the number of these bits rises; -0.0 is 0.0."""
    if bits < _SIGN:
        return ~(bits | _SIGN)
    return bits if bits > _SIGN else ~_SIGN


@jit
def _insert(keys: Keys, rows: IntArray) -> None:  # pragma: no cover
    """Sort a few rows by their keys, stable."""
    for k in range(1, len(rows)):
        key, row, j = keys[k], rows[k], k
        while j > 0 and keys[j - 1] > key:
            keys[j], rows[j] = keys[j - 1], rows[j - 1]
            j -= 1
        keys[j], rows[j] = key, row


@jit
def _sort_by_digits(
    keys: Keys, rows: IntArray, other_keys: Keys, other_rows: IntArray, counts: IntArray
) -> None:  # pragma: no cover
    """Sort rows by their keys, stable: by each digit from the lowest, where not all have the same.

    Scores that were single precision have two such digits.
    """
    num, mask = len(rows), np.uint64(NUM_VALUES - 1)
    counts[:] = 0
    for k in range(num):
        for digit in range(NUM_DIGITS):
            counts[digit, (keys[k] >> np.uint64(DIGIT_BITS * digit)) & mask] += 1
    from_keys, from_rows, to_keys, to_rows = keys, rows, other_keys, other_rows
    is_swapped = False
    for digit in range(NUM_DIGITS):
        shift, ends = np.uint64(DIGIT_BITS * digit), counts[digit]
        if ends[(keys[0] >> shift) & mask] == num:
            continue
        total = 0
        for value in range(NUM_VALUES):
            total, ends[value] = total + ends[value], total
        for k in range(num):
            value = (from_keys[k] >> shift) & mask
            to_keys[ends[value]], to_rows[ends[value]] = from_keys[k], from_rows[k]
            ends[value] += 1
        from_keys, from_rows, to_keys, to_rows = to_keys, to_rows, from_keys, from_rows
        is_swapped = not is_swapped
    if is_swapped:
        rows[:] = other_rows[:num]


@jit
def transpose(
    start: int, stop: int, rows: npt.NDArray[np.integer], columns: npt.NDArray[np.integer]
) -> None:  # pragma: no cover
    """Copy the rows start..stop (N, K) to columns (K, N), so many at a time as the cache holds."""
    for first in range(start, stop, TOGETHER):
        last = min(first + TOGETHER, stop)
        for k in range(rows.shape[1]):
            for j in range(first, last):
                columns[k, j] = rows[j, k]
