"""COCO annotation and results files to and from the tables; every fault names file and item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from custom.boxes import (
    TOLERANCE_PX,
    FloatArray,
    IntArray,
    as_bboxes,
    is_degenerate,
    overhang,
    xywh_to_xyxy,
    xyxy_to_xywh,
)
from custom.errors import PodiumError
from custom.files import PathLike, read_json, write_json
from custom.tables.ground_truth import GroundTruth
from custom.tables.images import Categories, Images, first_duplicate
from custom.tables.predictions import Predictions
from custom.tables.rows import group_by_image

Record = Mapping[str, Any]


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
    content = read_json(path)
    if not isinstance(content, dict):
        raise PodiumError(f"{path} must be a COCO object with images, but is a list")
    images = _read_images(_section(content, "images", path), str(path))
    categories = _read_categories(_section(content, "categories", path), str(path))
    annotations = content.get("annotations", [])
    if not isinstance(annotations, list):
        raise PodiumError(f"{path}: annotations must be a list")
    return _read_annotations(annotations, images, categories)


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
    content = read_json(path)
    if not isinstance(content, list):
        raise PodiumError(
            f"{path} must be COCO results, a list of detections, but is a JSON "
            f"{type(content).__name__}; was an annotation file given?"
        )
    image_index = _lookup(content, "image_id", images.index_of_id, "image", path)
    labels = _lookup(content, "category_id", categories.label_of_id, "category", path)
    bboxes = xywh_to_xyxy(_boxes(content, path, "detection"))
    scores = _numbers(content, "score", path)
    _check_finite(np.column_stack([bboxes, scores]), content, path, "detection")
    return Predictions.from_rows(images.ids, image_index, bboxes, scores, labels, str(path))


def write_results(path: PathLike, predictions: Predictions, categories: Categories) -> None:
    """Write a table as COCO results, whole or not at all."""
    image_ids = predictions.image_ids[predictions.image_index].tolist()
    category_ids = np.asarray(categories.ids, dtype=np.int64)[predictions.labels].tolist()
    bboxes_xywh = xyxy_to_xywh(predictions.bboxes).tolist()
    rows = zip(image_ids, category_ids, bboxes_xywh, predictions.scores.tolist(), strict=True)
    keys = ("image_id", "category_id", "bbox", "score")
    write_json(path, [dict(zip(keys, row, strict=True)) for row in rows], indent=False)


def _section(content: Record, name: str, path: PathLike) -> Sequence[Record]:
    """Return a list of the file that must be there and must not be empty."""
    section = content.get(name)
    if not isinstance(section, list) or not section:
        raise PodiumError(f"{path}: {name} must be a list with entries, but is {section!r:.40}")
    return section


def _column(records: Sequence[Record], key: str, path: PathLike, what: str) -> list[Any]:
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


def _read_images(records: Sequence[Record], path: str) -> Images:
    ids = _column(records, "id", path, "image")
    names = _column(records, "file_name", path, "image")
    sizes = [_column(records, key, path, "image") for key in ("height", "width")]
    if bad := [i for i in ids if not isinstance(i, int)]:
        raise PodiumError(f"{path}: image ids must be integers, but one is {bad[0]!r}")
    sizes_hw = _integers(np.array(sizes, dtype=object).T, path)
    if (sizes_hw <= 0).any():
        row = int(np.argmax((sizes_hw <= 0).any(axis=1)))
        raise PodiumError(
            f"{path}: image sizes must be positive, but {names[row]} is {sizes_hw[row].tolist()}"
        )
    return Images(np.array(ids, np.int64), tuple(names), sizes_hw, path)


def _integers(values: Any, path: str) -> IntArray:
    try:
        return np.asarray(values, dtype=np.int64)
    except (TypeError, ValueError) as error:
        raise PodiumError(f"{path}: image height and width must be integers: {error}") from error


def _read_categories(records: Sequence[Record], path: str) -> Categories:
    ids = _column(records, "id", path, "category")
    names = _column(records, "name", path, "category")
    try:
        return Categories(tuple(ids), tuple(names))
    except PodiumError as error:
        raise PodiumError(f"{path}: {error}") from None


def _read_annotations(
    records: Sequence[Record], images: Images, categories: Categories
) -> GroundTruth:
    path = images.source
    image_index = _lookup(records, "image_id", images.index_of_id, "image", path)
    labels = _lookup(records, "category_id", categories.label_of_id, "category", path)
    ids = np.array(_column(records, "id", path, "annotation"), dtype=np.int64)
    if (double := first_duplicate(ids)) is not None:
        raise PodiumError(f"{path}: annotation ids must be unique, but {double} stands twice")
    bboxes_xywh = _boxes(records, path, "annotation")
    bboxes = xywh_to_xyxy(bboxes_xywh)
    _check_finite(bboxes, records, path, "annotation")
    _check_annotated(bboxes, ids, image_index, images)
    default_area = (bboxes_xywh[:, 2] * bboxes_xywh[:, 3]).tolist()
    area = [record.get("area", box) for record, box in zip(records, default_area, strict=True)]
    iscrowd = [bool(record.get("iscrowd", 0)) for record in records]
    order, offsets = group_by_image(image_index, len(images))
    return GroundTruth(
        images,
        categories,
        offsets,
        bboxes=bboxes[order],
        labels=labels[order],
        iscrowd=np.array(iscrowd, bool)[order],
        area=np.array(area, np.float64)[order],
        annotation_ids=ids[order],
    )


def _check_annotated(
    bboxes: FloatArray, ids: IntArray, image_index: IntArray, images: Images
) -> None:
    """Refuse annotated boxes without area, or outside of their image by more than rounding."""
    sizes_hw = images.sizes_hw[image_index]
    faults = {
        "have a positive width and height": is_degenerate(bboxes),
        "lie inside its image": overhang(bboxes, sizes_hw) > TOLERANCE_PX,
    }
    for rule, wrong in faults.items():
        if wrong.any():
            row = int(np.argmax(wrong))
            raise PodiumError(
                f"{images.source}: the box of annotation {ids[row]} on image "
                f"{images.file_names[image_index[row]]} (height, width {sizes_hw[row].tolist()}) "
                f"must {rule}, but is xyxy {bboxes[row].tolist()} "
                f"({int(wrong.sum())} such boxes); mend or remove them"
            )


def _lookup(
    records: Sequence[Record], key: str, position: Mapping[int, int], what: str, path: PathLike
) -> IntArray:
    """Return the position of each record's image or category; an unknown one is named."""
    values = _column(records, key, path, "entry")
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


def _boxes(records: Sequence[Record], path: PathLike, what: str) -> FloatArray:
    """Return the bbox column, shape (N, 4), xywh; one that is not four numbers is named."""
    values = _column(records, "bbox", path, what)
    for index, value in enumerate(values):
        if not isinstance(value, list) or len(value) != 4:
            raise PodiumError(
                f"{path}: bbox of {what} {index} must be four numbers, but is {value}"
            )
    return as_bboxes(values, f"{path}: bbox of every {what}")


def _numbers(records: Sequence[Record], key: str, path: PathLike) -> FloatArray:
    try:
        return np.array(_column(records, key, path, "detection"), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise PodiumError(f"{path}: every {key} must be a number: {error}") from error


def _check_finite(
    numbers: FloatArray, records: Sequence[Record], path: PathLike, what: str
) -> None:
    wrong = ~np.isfinite(numbers).all(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise PodiumError(f"{path}: {what} {row} must have finite numbers, but is {records[row]}")
