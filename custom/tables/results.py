"""COCO results to and from the tables, a part of the file at a time.

JSON as Python objects takes ten times the file's size, and making it takes most of the time where
there are millions of them. In parts of half a megabyte both stay small: 363,773 boxes (41 MB)
are read in a quarter of the time. A part that is not as it should be sends the whole file through
`custom.tables.records`, which names what is wrong with it.
"""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from operator import itemgetter
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import orjson

from custom.boxes import FloatArray, IntArray, xywh_to_xyxy, xyxy_to_xywh
from custom.errors import PodiumError
from custom.files import PathLike, atomic_path, read_json
from custom.tables.flat import fields_of, is_worth_scanning, scan_records
from custom.tables.images import Categories, Images
from custom.tables.predictions import Predictions
from custom.tables.records import boxes, look_up, numbers
from custom.tables.rows import offsets_of, positions_of

_PART_BYTES = 1 << 19
_PART_BOXES = 1 << 15
_SHORTEST_RECORD = b'{"image_id":1,"category_id":1,"bbox":[0,0,1,1],"score":1},'
_FIELDS = fields_of(("image_id", "category_id", "bbox", "score"))
_BETWEEN_RECORDS = re.compile(rb"\}\s*,\s*\{")


class _Columns(NamedTuple):
    """Rows of a results file: positions of image and category, boxes (N, 4) as xyxy, scores."""

    image_index: IntArray
    labels: IntArray
    bboxes: FloatArray
    scores: FloatArray


def read_results(path: PathLike, images: Images, categories: Categories) -> Predictions:
    """Read COCO results: a list of image_id, category_id, bbox (xywh) and score.

    Args:
        path: The JSON file.
        images: Every image that the model looked at; one without an entry found nothing.
        categories: The classes that `category_id` refers to.

    Raises:
        PodiumError: If the file is not COCO results, or an entry names an unknown image or
            category or holds numbers that are not finite.
    """
    try:
        rows = _read_in_parts(path, images, categories)
    except (OSError, ValueError, TypeError, KeyError, IndexError):
        rows = _read_whole(path, images, categories)
    return _table(rows, path, images)


def results_of(content: Any, path: PathLike, images: Images, categories: Categories) -> Predictions:
    """Return the table of COCO results that were read already; see `read_results`."""
    return _table(_columns_of(content, path, images, categories), path, images)


def _table(rows: _Columns, path: PathLike, images: Images) -> Predictions:
    index, columns = rows.image_index, (rows.bboxes, rows.scores, rows.labels)
    if (index[1:] >= index[:-1]).all():  # as most files are: nothing to sort, nothing to copy
        offsets = offsets_of(np.bincount(index, minlength=len(images)))
        return Predictions(images.ids, offsets, *columns, source=str(path))
    return Predictions.from_rows(images.ids, index, *columns, source=str(path))


def write_results(path: PathLike, predictions: Predictions, categories: Categories) -> None:
    """Write a table as COCO results, whole or not at all; numbers are read back as they are.

    Raises:
        PodiumError: If a number is not finite, which JSON cannot say.
    """
    finite = np.isfinite(predictions.bboxes).all(axis=1) & np.isfinite(predictions.scores)
    if not finite.all():
        image = predictions.image_ids[predictions.image_index[int(np.argmin(finite))]]
        raise PodiumError(
            f"{predictions.source or 'predictions'} must be finite numbers to be written to "
            f"{path}, but {int((~finite).sum())} boxes are not, the first on image {image}"
        )
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        stream.write(b"[")
        for start in range(0, predictions.num_boxes, _PART_BOXES):
            part = slice(start, start + _PART_BOXES)
            stream.write((b"," if start else b"") + _part_text(predictions, categories, part))
        stream.write(b"]\n")
        stream.flush()
        os.fsync(stream.fileno())


def _parts(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the list of a results file in shorter lists, split between two records.

    Raises:
        ValueError: If there is no list.
    """
    rest = stream.read(_PART_BYTES).lstrip()
    if not rest.startswith(b"["):
        raise ValueError("there must be a list")
    rest = rest[1:]
    while block := stream.read(_PART_BYTES):
        rest += block
        if border := _last_border(rest):
            yield b"[" + rest[: border.start() + 1] + b"]"
            rest = rest[border.end() - 1 :]
    yield b"[" + rest  # with the file's own end


def _last_border(text: bytes) -> re.Match[bytes] | None:
    """Return where the last two records of a text meet; None where there are not two."""
    end = len(text)
    while (end := text.rfind(b"}", 0, end)) >= 0:
        if border := _BETWEEN_RECORDS.match(text, end):
            return border
    return None


def _read_in_parts(path: PathLike, images: Images, categories: Categories) -> _Columns:
    """Return the columns of a file; whatever is wrong is an error.

    The columns are made for the most records that the file has room for. What is not written to
    takes no memory, while joining the parts took as much again as the table.
    """
    room = os.path.getsize(path) // len(_SHORTEST_RECORD) + 1
    positions = np.empty(room, np.int64), np.empty(room, np.int64)
    columns = _Columns(*positions, np.empty((room, 4)), np.empty(room))
    end, is_large = 0, is_worth_scanning(os.path.getsize(path))
    with open(path, "rb") as stream:
        for part in _parts(stream):
            rows = _read_part(part, images, categories, is_large)
            start, end = end, end + len(rows.scores)
            for column, values in zip(columns, rows, strict=True):
                column[start:end] = values
    index, labels, bboxes, scores = columns
    return _Columns(index[:end], labels[:end], bboxes[:end], scores[:end])


def _read_part(text: bytes, images: Images, categories: Categories, is_large: bool) -> _Columns:
    """Return the columns of some records of a large file or a small one; see `_read_in_parts`."""
    if is_large:
        with suppress(ValueError):  # of another form, or wrong: found out below
            return _scan_part(text, images, categories)
    records = orjson.loads(text)
    count = len(records)
    if (b"true" in text or b"false" in text) and any(map(_has_bool, records)):
        raise ValueError("true and false, which Python takes for 1 and 0, are no numbers")
    corners = list(map(itemgetter("bbox"), records))
    if corners and set(map(len, corners)) != {4}:
        raise ValueError("a box must be four numbers")
    index_of, label_of = images.index_of_id, categories.label_of_id
    image_index = map(index_of.__getitem__, map(itemgetter("image_id"), records))
    labels = map(label_of.__getitem__, map(itemgetter("category_id"), records))
    flat = _doubles(chain.from_iterable(corners))
    scores = _doubles(map(itemgetter("score"), records))
    positions = (np.fromiter(image_index, np.int64, count), np.fromiter(labels, np.int64, count))
    return _Columns(*positions, xywh_to_xyxy(flat.reshape(-1, 4)), scores)


def _scan_part(text: bytes, images: Images, categories: Categories) -> _Columns:
    """Return the columns of plain records; anything else is a `ValueError`."""
    values, end = scan_records(text, 0, _FIELDS)
    if text[end:].strip() or np.isnan(values).any():
        raise ValueError("there must be all keys in every record, and nothing behind the list")
    image_index = positions_of(values[:, 0], images.ids)
    labels = positions_of(values[:, 1], np.asarray(categories.ids, np.int64))
    return _Columns(image_index, labels, xywh_to_xyxy(values[:, 2:6]), values[:, 6])


def _has_bool(record: dict[str, Any]) -> bool:
    """Return whether a detection has true or false where a number belongs."""
    values = (*record["bbox"], *(record[key] for key in ("image_id", "category_id", "score")))
    return bool in map(type, values)


def _doubles(numbers: Iterable[float]) -> FloatArray:
    """Return an array of numbers; text and null, which numpy would take, are a `TypeError`."""
    return np.array(array("d", numbers))


def _read_whole(path: PathLike, images: Images, categories: Categories) -> _Columns:
    """Return the columns of a file that could not be read in parts, or say what is wrong."""
    return _columns_of(read_json(path), path, images, categories)


def _columns_of(content: Any, path: PathLike, images: Images, categories: Categories) -> _Columns:
    if not isinstance(content, list):
        raise PodiumError(
            f"{path} must be COCO results, a list of detections, but is a JSON "
            f"{type(content).__name__}; was an annotation file given?"
        )
    image_index = look_up(content, "image_id", images.index_of_id, "image", path)
    labels = look_up(content, "category_id", categories.label_of_id, "category", path)
    bboxes_xywh = boxes(content, path, "detection")
    scores = numbers(content, "score", path, "detection")
    return _Columns(image_index, labels, xywh_to_xyxy(bboxes_xywh), scores)


def _part_text(predictions: Predictions, categories: Categories, part: slice) -> bytes:
    """Return the records of some rows, without the brackets around the list."""
    starts = np.arange(part.start, min(part.stop, predictions.num_boxes))
    rows = np.searchsorted(predictions.offsets, starts, side="right") - 1
    image_ids = predictions.image_ids[rows].tolist()
    category_ids = np.asarray(categories.ids, dtype=np.int64)[predictions.labels[part]].tolist()
    corners = _texts(xyxy_to_xywh(predictions.bboxes[part]), b"],[")
    scores = _texts(predictions.scores[part], b",")
    template = b'{"image_id":%d,"category_id":%d,"bbox":[%s],"score":%s}'
    records = zip(image_ids, category_ids, corners, scores, strict=True)
    return b",".join([template % record for record in records])


def _texts(values: FloatArray, separator: bytes) -> list[bytes]:
    """Return each row of an array as JSON, without brackets."""
    text = orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)
    return text.strip(b"[]").split(separator)
