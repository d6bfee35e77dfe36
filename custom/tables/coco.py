"""COCO annotation files to the tables, and results; every error names file and item."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np
import orjson

from custom.boxes import (
    TOLERANCE_PX,
    BoolArray,
    FloatArray,
    IntArray,
    is_degenerate,
    likely_reading,
    look_like_fractions,
    overhang,
    xywh_to_xyxy,
    xyxy_to_xywh,
)
from custom.errors import PodiumError
from custom.files import PathLike, read_bytes, read_json
from custom.tables.flat import fields_of, is_worth_scanning, scan_records
from custom.tables.frames import read_frames, read_ids
from custom.tables.ground_truth import GroundTruth
from custom.tables.images import UNKNOWN, Categories, Images, first_duplicate, named_by_first
from custom.tables.records import (
    Record,
    boxes,
    check_each,
    integers,
    is_number,
    look_up,
    texts,
)
from custom.tables.results import read_results, write_results
from custom.tables.rows import group_by_image, offsets_of, positions_of

_NAMED_AT_MOST = 10
_ANNOTATIONS, _TO_LIST = b'"annotations"', re.compile(rb"\s*:\s*(?=\[)")
_FIELDS = fields_of(
    ("image_id", "category_id", "id", "bbox", "area", "iscrowd", "ignore", "track_id")
)

__all__ = ["ground_truth_of", "read_ground_truth", "read_results", "write_results"]


class _Columns(NamedTuple):
    """Annotations in the file's order: positions of image and category, boxes (N, 4) as xywh."""

    image_index: IntArray
    labels: IntArray
    ids: IntArray
    bboxes_xywh: FloatArray
    crowds: BoolArray
    areas: FloatArray
    tracks: IntArray


def read_ground_truth(path: PathLike) -> GroundTruth:
    """Read a COCO annotation file, labelled or not, and check every entry of it.

    Args:
        path: JSON with `images`, `categories` and, where it is labelled, `annotations`.

    Returns:
        The table, in the order of the file's images; label 0..C-1 is the position of the
        category in the file. A file without annotations gives a table without boxes.

    Raises:
        PodiumError: If the file is not COCO, ids are doubled, an annotation names an unknown
            image or category, or a box has no area or leaves its image by more than a pixel.
    """
    if os.path.isfile(path) and is_worth_scanning(os.path.getsize(path)):
        with suppress(ValueError):  # of another form, or wrong: found out below
            return _scan_ground_truth(path)
    content = read_json(path)
    if not isinstance(content, dict):
        raise PodiumError(f"{path} must be a COCO object with images, but is a list")
    try:
        return ground_truth_of(content, path)
    except PodiumError as error:
        raise PodiumError(
            f"{error}; `python tools/labels.py repair {path}` shows what it can repair"
        ) from None


def ground_truth_of(content: Record, path: PathLike) -> GroundTruth:
    """Return the table of a COCO object; `path` names it in messages. See `read_ground_truth`."""
    images = _read_images(_section(content, "images", path), str(path))
    categories = _read_categories(_section(content, "categories", path), str(path))
    annotations = content.get("annotations", [])
    if not isinstance(annotations, list):
        raise PodiumError(f"{path}: annotations must be a list")
    return _read_annotations(annotations, images, categories)


def _section(content: Record, name: str, path: PathLike) -> Sequence[Record]:
    """Return a list of the file that must be there and must not be empty."""
    section = content.get(name)
    if not isinstance(section, list) or not section:
        raise PodiumError(f"{path}: {name} must be a list with entries, but is {section!r:.40}")
    return section


def _read_images(records: Sequence[Record], path: str) -> Images:
    ids = integers(records, "id", path, "image")
    names = texts(records, "file_name", path, "image")
    sizes_hw = np.column_stack(
        [integers(records, key, path, "image") for key in ("height", "width")]
    )
    if (sizes_hw <= 0).any():
        row = int(np.argmax((sizes_hw <= 0).any(axis=1)))
        raise PodiumError(
            f"{path}: image sizes must be positive, but {names[row]} is {sizes_hw[row].tolist()}"
        )
    return Images(ids, names, sizes_hw, path, _videos(records, ids), *read_frames(records))


def _videos(records: Sequence[Record], ids: IntArray) -> IntArray:
    """Return the groups of images by `video_id`, or `group`, shape (I,); empty without these."""
    videos = [
        record.get("group") if record.get("video_id") is None else record["video_id"]
        for record in records
    ]
    if videos.count(None) == len(videos):
        return np.zeros(0, np.int64)
    # An image of no video is alone.
    keys = [("image", i) if v is None else ("video", str(v)) for i, v in enumerate(videos)]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return named_by_first(np.array([numbers[key] for key in keys], np.int64), ids)


def _read_categories(records: Sequence[Record], path: str) -> Categories:
    ids = integers(records, "id", path, "category").tolist()
    names = texts(records, "name", path, "category")
    try:
        return Categories(tuple(ids), names)
    except PodiumError as error:
        raise PodiumError(f"{path}: {error}") from None


def _read_annotations(
    records: Sequence[Record], images: Images, categories: Categories
) -> GroundTruth:
    path = images.source
    image_index = look_up(records, "image_id", images.index_of_id, "image", path)
    labels = look_up(records, "category_id", categories.label_of_id, "category", path)
    ids = integers(records, "id", path, "annotation")
    _check_unique(ids, path)
    bboxes_xywh = boxes(records, path, "annotation")
    _check_annotated(xywh_to_xyxy(bboxes_xywh), ids, image_index, images)
    crowds, areas = _read_crowds(records, path), _read_areas(records, bboxes_xywh, path)
    tracks = read_ids(records, "track_id")
    columns = _Columns(image_index, labels, ids, bboxes_xywh, crowds, areas, tracks)
    return _table_of(columns, images, categories)


def _scan_ground_truth(path: PathLike) -> GroundTruth:
    """Return the table of a file whose annotations are plain records, the usual case.

    The annotations, of which there are many, are read without a Python object for each; the rest
    of the file as ever.

    Raises:
        ValueError: If it is of another form, or anything is wrong.
    """
    text = read_bytes(path)
    key = text.find(_ANNOTATIONS)
    if key < 0 or text.find(_ANNOTATIONS, key + 1) >= 0:
        raise ValueError("there must be one list of annotations")
    between = _TO_LIST.match(text, key + len(_ANNOTATIONS))
    if between is None:
        raise ValueError("annotations must be a list")
    values, end = scan_records(text, between.end(), _FIELDS)
    content = orjson.loads(text[: between.end()] + b"[]" + text[end:])
    del text
    # The key may as well have stood in some text or deeper down.
    if not isinstance(content, dict) or content.get("annotations") != []:
        raise ValueError("annotations must be a key of the file's object")
    images = _read_images(_section(content, "images", path), str(path))
    categories = _read_categories(_section(content, "categories", path), str(path))
    columns = _columns_of(values, images, categories)
    _check_unique(columns.ids, str(path))
    _check_annotated(xywh_to_xyxy(columns.bboxes_xywh), columns.ids, columns.image_index, images)
    return _table_of(columns, images, categories)


def _columns_of(values: FloatArray, images: Images, categories: Categories) -> _Columns:
    """Return the columns of what was scanned; what is not as it should be is a `ValueError`."""
    bboxes_xywh, area, track = values[:, 3:7], values[:, 7], values[:, 10]
    crowds, numbers = np.nan_to_num(values[:, 8:10]), np.nan_to_num(track, nan=UNKNOWN)
    areas = np.where(np.isnan(area), bboxes_xywh[:, 2] * bboxes_xywh[:, 3], area)
    are_right = (
        not np.isnan(values[:, :7]).any()
        and _are_whole(values[:, 2])
        and ((crowds == 0) | (crowds == 1)).all()
        and (areas >= 0).all()
        and _are_whole(numbers)
    )
    if not are_right:
        raise ValueError("a value must be there, or is of another kind")
    return _Columns(
        positions_of(values[:, 0], images.ids),
        positions_of(values[:, 1], np.asarray(categories.ids, np.int64)),
        values[:, 2].astype(np.int64),
        bboxes_xywh,
        crowds.max(axis=1, initial=0) > 0,
        areas,
        np.where(numbers >= 0, numbers, UNKNOWN).astype(np.int64),
    )


def _are_whole(values: FloatArray) -> bool:
    """Return whether all numbers are whole, and none too large for a double to tell it."""
    return bool(((values == np.rint(values)) & (np.abs(values) <= 2**53)).all())


def _check_unique(ids: IntArray, path: str) -> None:
    if (double := first_duplicate(ids)) is not None:
        raise PodiumError(f"{path}: annotation ids must be unique, but {double} stands twice")


def _table_of(columns: _Columns, images: Images, categories: Categories) -> GroundTruth:
    """Return the table of annotations in any order of images."""
    index, counts = columns.image_index, np.bincount(columns.image_index, minlength=len(images))
    if (index[1:] < index[:-1]).any():
        order, _ = group_by_image(index, len(images))
        columns = _Columns(*(column[order] for column in columns))  # type: ignore[arg-type]
    return GroundTruth(
        images,
        categories,
        offsets_of(counts),
        bboxes=xywh_to_xyxy(columns.bboxes_xywh),
        labels=columns.labels,
        iscrowd=columns.crowds,
        area=columns.areas,
        annotation_ids=columns.ids,
        track_ids=columns.tracks,
    )


def _read_crowds(records: Sequence[Record], path: str) -> BoolArray:
    """Return which annotations are of crowds, shape (N,); absent or null is no.

    `ignore`, which VisDrone and CrowdHuman write, means the same: neither trained on nor scored.
    """
    crowds = np.zeros(len(records), bool)
    for key in ("iscrowd", "ignore"):
        flags = [0 if (flag := record.get(key)) is None else flag for record in records]
        check_each(flags, lambda flag: flag in (0, 1), f"{path}: {key} of annotation", "0 or 1")
        crowds |= np.array(flags, bool)
    return crowds


def _read_areas(records: Sequence[Record], bboxes_xywh: FloatArray, path: str) -> FloatArray:
    """Return the areas (N,), of the mask where there is one: the file's, or else the box's."""
    of_box = (bboxes_xywh[:, 2] * bboxes_xywh[:, 3]).tolist()
    areas = [
        area if (given := record.get("area")) is None else given
        for record, area in zip(records, of_box, strict=True)
    ]
    where = f"{path}: area of annotation"
    check_each(areas, lambda area: is_number(area) and area >= 0, where, "a number of 0 or more")
    return np.array(areas, np.float64)


def _check_annotated(
    bboxes: FloatArray, ids: IntArray, image_index: IntArray, images: Images
) -> None:
    """Refuse annotated boxes without area, or outside of their image by more than rounding."""
    sizes_hw = images.sizes_hw[image_index]
    if look_like_fractions(bboxes, sizes_hw):
        raise PodiumError(
            f"{images.source}: boxes must be in pixels, but the largest coordinate of all "
            f"{len(bboxes)} boxes is {bboxes.max():g}: fractions of the image?"
        )
    rules = {
        "have a positive width and height": is_degenerate(bboxes),
        "lie inside its image": overhang(bboxes, sizes_hw) > TOLERANCE_PX,
    }
    for rule, wrong in rules.items():
        if wrong.any():
            row, values = int(np.argmax(wrong)), xyxy_to_xywh(bboxes)
            reading = likely_reading(values, "x, y, w, h", sizes_hw)
            raise PodiumError(
                f"{images.source}: the box of annotation {ids[row]} on image "
                f"{images.file_names[image_index[row]]} (height, width {sizes_hw[row].tolist()}) "
                f"must {rule}, but is x, y, w, h {values[row].tolist()} "
                f"({int(wrong.sum())} such boxes, of annotations {_some(ids[wrong])})"
                + (f"; all boxes look like {reading[0]}" if reading else "")
            )


def _some(ids: IntArray) -> str:
    """Return the first few ids, for a message."""
    listed = ", ".join(map(str, ids[:_NAMED_AT_MOST].tolist()))
    return listed + (", ..." if len(ids) > _NAMED_AT_MOST else "")
