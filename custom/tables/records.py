"""Columns out of a list of JSON records; every error names file and entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.errors import PodiumError
from custom.files import PathLike

Record = Mapping[str, Any]


def column(records: Sequence[Record], key: str, path: PathLike, what: str) -> list[Any]:
    """Return one value of each record; the first record without it is named."""
    try:
        return [record[key] for record in records]
    except (KeyError, TypeError, IndexError):
        bad = next(
            i
            for i, record in enumerate(records)
            if not isinstance(record, dict) or key not in record
        )
        raise PodiumError(
            f"{path}: every {what} must have {key!r}, but entry {bad} is {records[bad]!r:.120}"
        ) from None


def look_up(
    records: Sequence[Record], key: str, position: Mapping[int, int], what: str, path: PathLike
) -> IntArray:
    """Return the position of each record's image or category; an unknown one is named."""
    values = column(records, key, path, "entry")
    try:
        if bool in set(map(type, values)):  # true would be found as 1
            raise TypeError
        return np.array([position[value] for value in values], dtype=np.int64)
    except (KeyError, TypeError):
        unknown = [value for value in values if not _known(value, position)]
        raise PodiumError(
            f"{path}: {key} must name a known {what}, but {unknown[0]!r} is none "
            f"({len(unknown)} entries; known: {_some(position)})"
        ) from None


def _known(value: Any, position: Mapping[int, int]) -> bool:
    return is_number(value) and value in position


def _some(position: Mapping[int, int]) -> str:
    """Return the first few keys, for a message."""
    keys = [str(key) for key in list(position)[:5]]
    return ", ".join(keys) + (", ..." if len(position) > len(keys) else "")


def integers(records: Sequence[Record], key: str, path: PathLike, what: str) -> IntArray:
    """Return a column of integers, shape (N,); one that is not an integer is named.

    A whole float counts as an integer: exporters that pass through pandas write 1.0 for 1.
    """
    values = column(records, key, path, what)
    if set(map(type, values)) == {int}:
        with suppress(OverflowError):  # named below
            return np.array(values, dtype=np.int64)
    check_each(values, is_integer, f"{path}: {key} of {what}", "an integer below 2^63")
    return np.array([int(value) for value in values], dtype=np.int64)


def texts(records: Sequence[Record], key: str, path: PathLike, what: str) -> tuple[str, ...]:
    """Return a column of texts; one that is none, or empty, is named."""
    values = column(records, key, path, what)
    if set(map(type, values)) == {str} and all(values):
        return tuple(values)
    check_each(
        values, lambda v: isinstance(v, str) and v != "", f"{path}: {key} of {what}", "a text"
    )
    return tuple(values)


def numbers(records: Sequence[Record], key: str, path: PathLike, what: str) -> FloatArray:
    """Return a column of numbers, shape (N,); one that is none is named."""
    values = column(records, key, path, what)
    check_each(values, is_number, f"{path}: {key} of {what}", "a number")
    return np.array(values, dtype=np.float64)


def boxes(records: Sequence[Record], path: PathLike, what: str) -> FloatArray:
    """Return the bbox column, shape (N, 4), xywh; one that is not four numbers is named."""
    values = column(records, "bbox", path, what)
    check_each(values, is_box, f"{path}: bbox of {what}", "four numbers")
    return np.array(values, dtype=np.float64).reshape(-1, 4)


def check_each(
    values: Sequence[Any], is_right: Callable[[Any], bool], where: str, kind: str
) -> None:
    """Refuse values of another kind; the first is named by its place in the list."""
    if not all(map(is_right, values)):
        index = next(i for i, value in enumerate(values) if not is_right(value))
        raise PodiumError(f"{where} {index} must be {kind}, but is {values[index]!r:.80}")


def is_number(value: Any) -> bool:
    """Return whether a value of JSON is a number; true and false are integers to Python."""
    return type(value) is float or type(value) is int


def is_integer(value: Any) -> bool:
    """Return whether a value of JSON is a whole number that fits 64 bits; 1.0 is one."""
    if type(value) is float:
        return value.is_integer() and abs(value) <= 2**53
    return type(value) is int and -(2**63) <= value < 2**63


def is_box(value: Any) -> bool:
    """Return whether a value of JSON is a list of four numbers."""
    return isinstance(value, list) and len(value) == 4 and all(map(is_number, value))
