"""The numbers inside a submission's cells: text to floats and back, a whole file at once.

Numbers are handed to orjson as a JSON list: of what was measured (`benchmarks/io.py`)
the fastest way that needs no import beyond the light core and rounds every number correctly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import orjson

from custom.boxes import FloatArray

_NUMBER_CHARACTERS = b"0123456789.eE+- "


def normalized(cell: bytes) -> bytes:
    """Return a cell with one space between its numbers and none around them."""
    cell = cell.strip()
    return b" ".join(cell.split()) if b"  " in cell or b"\t" in cell else cell


def count_tokens(cell: bytes) -> int:
    """Return how many numbers a normalized cell has."""
    return cell.count(b" ") + 1 if cell else 0


def parse_numbers(text: bytes) -> tuple[FloatArray, list[int]]:
    """Return the numbers of a text, and the positions of what is none.

    Args:
        text: Numbers with one space between them; at least one.

    Returns:
        The values, shape (T,), NaN where a token is no number; the positions of those tokens.
        The words `nan` and `inf` are numbers here: who reads boxes checks that they are finite.
    """
    if not text.translate(None, _NUMBER_CHARACTERS):
        try:
            values = orjson.loads(b"[" + text.replace(b" ", b",") + b"]")
            return np.fromiter(values, np.float64, len(values)), []
        except orjson.JSONDecodeError:
            pass  # `1.`, `.5`, `+1` and `007` are numbers to everyone but JSON
    return _parse_one_by_one(text.split(b" "))


def format_numbers(values: FloatArray) -> list[bytes]:
    """Return each row of `values` (N, K) as K numbers with one space between them.

    A number is the shortest decimal that names its nearest float32: about eight digits,
    1/30,000 of a pixel at 1,024 and 6e-8 in a score, in half the space that float64 takes.
    What detectors wrote as float32 comes out as it came in, character by character.
    """
    if not len(values):
        return []
    numbers = np.ascontiguousarray(values, dtype=np.float32)
    text = orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY)
    return text[2:-2].replace(b",", b" ").split(b"] [")


def _parse_one_by_one(tokens: Sequence[bytes]) -> tuple[FloatArray, list[int]]:
    """Parse as Python's `float` does, noting what it refuses."""
    values = np.full(len(tokens), np.nan)
    refused = []
    for index, token in enumerate(tokens):
        try:
            values[index] = float(token)
        except ValueError:
            refused.append(index)
    return values, refused
