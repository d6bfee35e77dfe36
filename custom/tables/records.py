"""Columns out of a list of JSON records; every fault names file and entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from custom.boxes import FloatArray, IntArray, as_bboxes
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
        return np.array([position[value] for value in values], dtype=np.int64)
    except (KeyError, TypeError):
        unknown = [value for value in values if not _known(value, position)]
        raise PodiumError(
            f"{path}: {key} must name a known {what}, but {unknown[0]!r} is none "
            f"({len(unknown)} entries; known: {_some(position)})"
        ) from None


def _known(value: Any, position: Mapping[int, int]) -> bool:
    return isinstance(value, int) and value in position


def _some(position: Mapping[int, int]) -> str:
    """Return the first few keys, for a message."""
    keys = [str(key) for key in list(position)[:5]]
    return ", ".join(keys) + (", ..." if len(position) > len(keys) else "")


def boxes(records: Sequence[Record], path: PathLike, what: str) -> FloatArray:
    """Return the bbox column, shape (N, 4), xywh; one that is not four numbers is named."""
    values = column(records, "bbox", path, what)
    for index, value in enumerate(values):
        if not isinstance(value, list) or len(value) != 4:
            raise PodiumError(
                f"{path}: bbox of {what} {index} must be four numbers, but is {value}"
            )
    return as_bboxes(values, f"{path}: bbox of every {what}")


def numbers(records: Sequence[Record], key: str, path: PathLike) -> FloatArray:
    """Return a column of numbers, shape (N,); one that is none is refused."""
    try:
        return np.array(column(records, key, path, "detection"), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise PodiumError(f"{path}: every {key} must be a number: {error}") from error


def check_finite(numbers: FloatArray, records: Sequence[Record], path: PathLike, what: str) -> None:
    """Refuse rows of `numbers` (N, K) that are not finite; the first is named."""
    wrong = ~np.isfinite(numbers).all(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise PodiumError(f"{path}: {what} {row} must have finite numbers, but is {records[row]}")
