"""What a file holds by a second reader, and what Podium's tables took from it."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from custom.tables import GroundTruth, Predictions

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_CORNER_SIGNS = np.array([1.0, 2.0, 3.0, 4.0])


@dataclass(frozen=True)
class Sums:
    """What is compared: how many boxes there are, and sums that tell where they are.

    Attributes:
        count: The boxes.
        places: The sum of x1 + 2 y1 + 3 x2 + 4 y2.
        scores: The sum of the scores; 0 of annotations.
    """

    count: int
    places: float
    scores: float = 0.0

    def equals(self, other: Sums) -> bool:
        """Whether both are of the same boxes, up to rounding in single precision."""
        near = 1e-5 * max(1.0, abs(self.places))
        return (
            self.count == other.count
            and abs(self.places - other.places) <= near
            and abs(self.scores - other.scores) <= 1e-5 * max(1.0, self.count)
        )


def sums_of_file(path: Path) -> Sums | None:
    """Return what a file of boxes holds, read without Podium; None where it is no such file."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        if path.suffix.lower() == ".csv":
            return _sums_of_csv(text)
        content = json.loads(text)
        records = content["annotations"] if isinstance(content, dict) else content
        boxes = [[float(_number(v)) for v in record["bbox"]] for record in records]
        scores = [_number(record.get("score", 0)) for record in records]
        return _sums([[x, y, x + w, y + h] for x, y, w, h in boxes], scores)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return value


def _sums_of_csv(text: str) -> Sums:
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    tokens = [token for row in rows for token in row["PredictionString"].split()]
    if not all(map(_NUMBER.fullmatch, tokens)):
        raise ValueError
    values = np.array(tokens, np.float64).reshape(-1, 6)
    return _sums(values[:, 2:].tolist(), values[:, 1].tolist())


def _sums(boxes: list[list[float]], scores: list[float]) -> Sums:
    places = np.array(boxes, np.float64).reshape(-1, 4) @ _CORNER_SIGNS
    return Sums(len(boxes), float(places.sum()), float(sum(scores)))


@contextlib.contextmanager
def witness() -> Iterator[dict[str, list[Sums]]]:
    """Yield what tables are made of which file while the block runs, by the file's path."""
    seen: dict[str, list[Sums]] = {}
    befores = {kind: kind.__post_init__ for kind in (Predictions, GroundTruth)}

    def noting(before: Callable[[Any], None]) -> Callable[[Any], None]:
        def __post_init__(self: Any) -> None:
            before(self)
            places = float((self.bboxes @ _CORNER_SIGNS).sum())
            scores = float(self.scores.sum()) if isinstance(self, Predictions) else 0.0
            seen.setdefault(self.source, []).append(Sums(len(self.labels), places, scores))

        return __post_init__

    try:
        for kind, before in befores.items():
            kind.__post_init__ = noting(before)  # type: ignore
        yield seen
    finally:
        for kind, before in befores.items():
            kind.__post_init__ = before  # type: ignore


def silent_change(path: str, seen: dict[str, list[Sums]], output: str) -> str:
    """Return how what was read of a file differs from what it holds; "" if not, or if it is said.

    Args:
        path: The file.
        seen: What `witness` yields.
        output: What the command printed.
    """
    if path not in seen:
        return ""
    said = [line for line in output.splitlines() if Path(path).name in line or "note" in line]
    if any(not line.startswith(("written", "sealed", "passed")) for line in said):
        return ""
    there = sums_of_file(Path(path))
    if there is None:
        return f"{path} was read although another reader finds no boxes in it"
    if any(there.equals(found) for found in seen[path]):
        return ""
    return f"{path} holds {there}, but {seen[path][0]} was read"
