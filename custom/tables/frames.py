"""Which video an image is a frame of, and when: as COCO-VID writes it, where it does."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.tables.images import UNKNOWN
from custom.tables.records import Record, is_integer, is_number


def read_frames(records: Sequence[Record]) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the video, the place in it and the time in seconds of images, shape (I,) each.

    `video_id`, `frame_id` and `timestamp` are read. What is absent, or is of another kind (a date
    as the time), is unknown: -1, and NaN for the time. What needs it says so.
    """
    frames: list[Any] = [record.get("frame_id") for record in records]
    times = [record.get("timestamp") for record in records]
    places: IntArray = np.full(len(frames), UNKNOWN)
    seconds: FloatArray = np.full(len(times), np.nan)
    if frames.count(None) < len(frames):
        places = np.array([int(f) if _is_count(f) else UNKNOWN for f in frames], np.int64)
    if times.count(None) < len(times):
        seconds = np.array([t if is_number(t) else np.nan for t in times], np.float64)
    return read_ids(records, "video_id"), places, seconds


def read_ids(records: Sequence[Record], key: str) -> IntArray:
    """Return optional ids, shape (N,); -1 where there is none."""
    values = [record.get(key) for record in records]
    if values.count(None) == len(values):
        return np.full(len(values), UNKNOWN)
    return np.array([number_of(value) for value in values], np.int64)


def number_of(value: Any) -> int:
    """Return the number that stands for an id: itself, or, of a text, one made of its digest.

    The same text has the same number in every file. Anything else is -1.
    """
    if isinstance(value, str):
        return int.from_bytes(hashlib.sha256(value.encode()).digest()[:6], "big")
    return int(value) if _is_count(value) else UNKNOWN


def _is_count(value: Any) -> bool:
    return is_integer(value) and value >= 0
