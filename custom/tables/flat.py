"""Numbers out of a JSON list of flat records, without a Python object for each.

Only what nearly every file holds is understood here: records of numbers, null, plain texts and
boxes of four numbers. Anything else (masks, escapes, keys that repeat, numbers of more than 18
digits) is left to the readers that understand all of JSON and that name what is wrong. What is
accepted is valid JSON, and every number is that of `float()` to the last bit.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from custom.boxes import FloatArray, IntArray

Bytes = npt.NDArray[np.uint8]
# Of a box, the numbers in its list.
BOX = 4
_SHORTEST_RECORD = 16  # bytes of one with a key that is of use
# Below this Python reads a file before the kernel is loaded, and before numba is.
_WORTH_A_KERNEL, _WORTH_NUMBA = 1 << 21, 1 << 24


class Fields(NamedTuple):
    """The keys whose numbers are wanted.

    Attributes:
        names: Shape (F, L), the keys in ASCII.
        lengths: Shape (F,), of the keys.
        columns: Shape (F,), where a key's numbers begin.
        widths: Shape (F,), how many there are: 1, or 4 for a box.
        width: How many columns there are.
    """

    names: Bytes
    lengths: IntArray
    columns: IntArray
    widths: IntArray
    width: int


def fields_of(keys: Sequence[str]) -> Fields:
    """Return the fields of some keys, in their order; `bbox` is four numbers."""
    widths = np.array([BOX if key == "bbox" else 1 for key in keys])
    names = np.zeros((len(keys), max(map(len, keys))), np.uint8)
    for row, key in zip(names, keys, strict=True):
        row[: len(key)] = np.frombuffer(key.encode(), np.uint8)
    lengths = np.array([len(key) for key in keys])
    return Fields(names, lengths, np.cumsum(widths) - widths, widths, int(widths.sum()))


def scan_records(text: bytes, start: int, fields: Fields) -> tuple[FloatArray, int]:
    """Return the numbers of a list of records and where it ends.

    Args:
        text: JSON.
        start: Where the list's `[` is.
        fields: What is wanted.

    Returns:
        Shape (N, W), NaN where a record has no such key or null; and the place after the `]`.

    Raises:
        ValueError: If there is anything that is not understood here.
    """
    from custom.tables.scan import POWERS, scan

    room = (len(text) - start) // _SHORTEST_RECORD + 1
    values = np.empty((room, fields.width))  # what is not written to takes no memory
    count, end = scan(np.frombuffer(text, np.uint8), start, *fields[:4], POWERS, values)
    if end < 0:
        raise ValueError("the list is not only of flat records with plain values")
    return values[:count], end


def is_worth_scanning(num_bytes: int) -> bool:
    """Return whether a file is so large that the scan is faster with all that it loads."""
    return num_bytes > (_WORTH_A_KERNEL if "numba" in sys.modules else _WORTH_NUMBA)
