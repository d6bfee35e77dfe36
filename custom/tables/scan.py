"""Compiled kernels that read the numbers of flat JSON records; see `custom.tables.flat`.

Each takes the text and a place in it and returns the place behind what it has read, or -1 where
there is something else.
"""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.compiled.jit import jit
from custom.tables.flat import BOX, Bytes

POWERS: FloatArray = np.array([10.0**k for k in range(23)])  # exact up to here
_MOST_DIGITS, _EXACT = 18, 2**53
_SPLIT = 134217729.0  # 2^27 + 1: halves a double into two of 26 bits


@jit
def _after_space(text: Bytes, at: int) -> int:  # pragma: no cover
    while at < len(text) and text[at] <= 32 and text[at] in (32, 10, 13, 9):
        at += 1
    return at


@jit
def _after_text(text: Bytes, at: int) -> int:  # pragma: no cover
    """Return the place after the text whose first quote is at `at`; -1 where it is not plain."""
    at += 1
    while at < len(text) and text[at] != 34:
        if text[at] < 32 or text[at] > 126 or text[at] == 92:
            return -1
        at += 1
    return at + 1 if at < len(text) else -1


@jit
def _after_word(text: Bytes, at: int) -> int:  # pragma: no cover
    """Return the place after null, or -1."""
    if at + 4 > len(text):
        return -1
    is_null = text[at] == 110 and text[at + 1] == 117 and text[at + 2] == text[at + 3] == 108
    return at + 4 if is_null else -1


@jit
def _decimal(digits: int, exponent: int, powers: FloatArray) -> float:  # pragma: no cover
    """Return digits * 10^exponent, rounded as `float()` does; NaN where that is not certain.

    Up to 2^53 both factors are exact and the one operation rounds once. Beyond, the quotient of
    the rounded digits is corrected by what they and the division have left over; the sum is
    certain if an error of the correction's own last bits does not change it.
    """
    if exponent < -22 or exponent > 22:
        return np.nan
    if digits <= _EXACT:
        if exponent < 0:
            return digits / powers[-exponent]
        return digits * powers[exponent]
    if exponent >= 0:
        return np.nan
    power, rounded = powers[-exponent], np.float64(digits)
    quotient = rounded / power
    # Dekker 1971: product + error is quotient * power exactly.
    product = quotient * power
    high = _SPLIT * quotient - (_SPLIT * quotient - quotient)
    high_power = _SPLIT * power - (_SPLIT * power - power)
    low, low_power = quotient - high, power - high_power
    error = ((high * high_power - product) + high * low_power + low * high_power) + low * low_power
    rest = ((rounded - product) - error) + np.float64(digits - np.int64(rounded))
    correction = rest / power
    doubt = abs(correction) * 1e-14
    value = quotient + (correction - doubt)
    return value if value == quotient + (correction + doubt) else np.nan


@jit
def _read_number(text: Bytes, at: int, powers: FloatArray) -> tuple[float, int]:  # pragma: no cover
    """Return a number of JSON and the place after it; -1 where it is none, or not understood."""
    size = len(text)
    is_negative = at < size and text[at] == 45
    at += is_negative
    first, digits, exponent = at, 0, 0
    while at < size and 48 <= text[at] <= 57:
        digits = digits * 10 + int(text[at] - 48)
        at += 1
    if at == first or (text[first] == 48 and at - first > 1) or at - first > _MOST_DIGITS:
        return 0.0, -1
    if at < size and text[at] == 46:
        at += 1
        point = at
        if digits == 0:  # zeros before the first digit that counts
            while at < size and text[at] == 48:
                at += 1
        leading = at if digits == 0 else first + 1
        while at < size and 48 <= text[at] <= 57:
            digits = digits * 10 + int(text[at] - 48)
            at += 1
        exponent = point - at
        if exponent == 0 or at - leading > _MOST_DIGITS:
            return 0.0, -1
    elif digits > _EXACT:  # an id that a double cannot hold
        return 0.0, -1
    if at < size and (text[at] == 69 or text[at] == 101):
        at += 1
        sign = 1
        if at < size and (text[at] == 43 or text[at] == 45):
            sign = 44 - int(text[at])
            at += 1
        first, written = at, 0
        while at < size and 48 <= text[at] <= 57 and at - first < 4:
            written = written * 10 + (text[at] - 48)
            at += 1
        if at == first:
            return 0.0, -1
        exponent += sign * written
    value = 0.0 if digits == 0 else _decimal(digits, exponent, powers)
    if np.isnan(value):
        return 0.0, -1
    return (-value if is_negative else value), at


@jit
def _read_box(
    text: Bytes, at: int, powers: FloatArray, values: FloatArray, row: int, column: int
) -> int:  # pragma: no cover
    """Write four numbers of a list from `column` on; return the place after it, or -1."""
    if at >= len(text) or text[at] != 91:
        return -1
    for k in range(BOX):
        value, at = _read_number(text, _after_space(text, at + 1), powers)
        if at < 0:
            return -1
        values[row, column + k] = value
        at = _after_space(text, at)
        if at >= len(text) or text[at] != (93 if k == BOX - 1 else 44):
            return -1
    return at + 1


@jit
def _field_at(
    text: Bytes, first: int, last: int, names: Bytes, lengths: IntArray
) -> int:  # pragma: no cover
    """Return which of the keys stands at first..last, or -1."""
    for field in range(len(lengths)):
        if lengths[field] != last - first:
            continue
        k = 0
        while k < lengths[field] and names[field, k] == text[first + k]:
            k += 1
        if k == lengths[field]:
            return field
    return -1


@jit
def _read_value(
    text: Bytes, at: int, powers: FloatArray, values: FloatArray, row: int, column: int, width: int
) -> int:  # pragma: no cover
    """Read a value, to `column` on of `row` where that is not -1; return the place after, or -1."""
    if at >= len(text):
        return -1
    if text[at] == 110:
        return _after_word(text, at)
    if column >= 0 and width == BOX:
        return _read_box(text, at, powers, values, row, column)
    if column < 0 and text[at] == 34:
        return _after_text(text, at)
    if column < 0 and text[at] == 91:  # an empty list, as of no mask
        at = _after_space(text, at + 1)
        return at + 1 if at < len(text) and text[at] == 93 else -1
    value, at = _read_number(text, at, powers)
    if at >= 0 and column >= 0:
        values[row, column] = value
    return at


@jit
def _read_record(
    text: Bytes, at: int, names: Bytes, lengths: IntArray, columns: IntArray, widths: IntArray,
    powers: FloatArray, values: FloatArray, row: int,
) -> int:  # fmt: skip  # pragma: no cover
    """Read the record whose `{` is at `at` into a row; return the place after it, or -1."""
    for column in range(values.shape[1]):
        values[row, column] = np.nan
    seen = 0
    while True:
        first = _after_space(text, at + 1)
        if first >= len(text) or text[first] != 34:
            return -1
        last = _after_text(text, first)
        if last < 0:
            return -1
        field = _field_at(text, first + 1, last - 1, names, lengths)
        at = _after_space(text, last)
        if at >= len(text) or text[at] != 58 or (field >= 0 and seen >> field & 1):
            return -1
        column, width = -1, 1
        if field >= 0:
            seen |= 1 << field
            column, width = columns[field], widths[field]
        at = _read_value(text, _after_space(text, at + 1), powers, values, row, column, width)
        if at < 0:
            return -1
        at = _after_space(text, at)
        if at < len(text) and text[at] == 125:
            return at + 1
        if at >= len(text) or text[at] != 44:
            return -1


@jit
def scan(
    text: Bytes, at: int, names: Bytes, lengths: IntArray, columns: IntArray, widths: IntArray,
    powers: FloatArray, values: FloatArray,
) -> tuple[int, int]:  # fmt: skip  # pragma: no cover
    """Write the records of the list at `at`; return their number and the place after, or -1."""
    count = 0
    if at >= len(text) or text[at] != 91:
        return 0, -1
    while True:
        at = _after_space(text, at + 1)
        if count == 0 and at < len(text) and text[at] == 93:
            return 0, at + 1
        if at >= len(text) or text[at] != 123 or count >= len(values):
            return 0, -1
        at = _read_record(text, at, names, lengths, columns, widths, powers, values, count)
        if at < 0:
            return 0, -1
        count += 1
        at = _after_space(text, at)
        if at < len(text) and text[at] == 93:
            return count, at + 1
        if at >= len(text) or text[at] != 44:
            return 0, -1
