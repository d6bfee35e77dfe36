"""The repairs of annotation files: one row each, a name and what it changes.

A repair takes the content of a COCO file and changes it in place; it yields what it changed. It
must cope with what it does not repair: other repairs may follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from custom.boxes import TOLERANCE_PX, clip_bboxes, overhang, xywh_to_xyxy, xyxy_to_xywh
from custom.errors import PodiumError
from custom.files import PathLike, read_json
from custom.tables.images import first_duplicate
from custom.tables.records import is_box, is_integer, is_number

Content = dict[str, Any]
Entry = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """One value that a repair changed.

    Attributes:
        repair: Its name.
        where: Such as `annotations[5].bbox`.
        before: The value as it was.
        after: The value as it is; None where the whole entry was dropped.
    """

    repair: str
    where: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Options:
    """What repairs need besides the file.

    Attributes:
        sizes_from: A folder of images, to read sizes from.
        categories_from: An annotation file, to take the categories from.
        read_as: What the four numbers of every box are: a key of `READINGS`.
    """

    sizes_from: PathLike | None = None
    categories_from: PathLike | None = None
    read_as: str | None = None


READINGS: dict[str, Callable[[list[float], Entry], list[float]]] = {
    "xyxy": lambda b, _: [b[0], b[1], b[2] - b[0], b[3] - b[1]],
    "centre": lambda b, _: [b[0] - b[2] / 2, b[1] - b[3] / 2, b[2], b[3]],
    "fractions": lambda b, image: [
        value * side for value, side in zip(b, _sides(image), strict=True)
    ],
}


def _sides(image: Entry) -> list[float]:
    return [image.get("width", 0), image.get("height", 0)] * 2


def ids_from_names(content: Content, options: Options) -> Iterator[Change]:
    """Number images by file name, and categories in their order, where ids are no integers."""
    images = content["images"]
    by_name = sorted(range(len(images)), key=lambda i: str(images[i].get("file_name")))
    yield from _renumbered(content, "images", by_name, "image_id")
    yield from _renumbered(content, "categories", range(len(content["categories"])), "category_id")


def _renumbered(content: Content, section: str, order: Any, key: str) -> Iterator[Change]:
    entries = content[section]
    new_ids = {entry.get("id"): entry.get("id") for entry in entries}
    if not all(is_integer(entry.get("id")) for entry in entries):
        new_ids = {entries[index].get("id"): number for number, index in enumerate(order, start=1)}
        for index, entry in enumerate(entries):
            before, entry["id"] = entry.get("id"), new_ids[entry.get("id")]
            yield Change("ids-from-names", f"{section}[{index}].id", before, entry["id"])
    # An annotation may write '2' for the id 2: exporters that read tables as text do.
    as_text = {str(old): new for old, new in new_ids.items()}
    for index, annotation in enumerate(content["annotations"]):
        before = annotation.get(key)
        after = new_ids.get(before, as_text.get(str(before), before))
        if after != before:
            annotation[key] = after
            yield Change("ids-from-names", f"annotations[{index}].{key}", before, after)


def categories_from(content: Content, options: Options) -> Iterator[Change]:
    """Take the categories of another file, where there are none."""
    if options.categories_from is not None and not content["categories"]:
        other = read_json(options.categories_from)
        if not isinstance(other, dict):
            raise PodiumError(f"{options.categories_from} must be a COCO object, but is a list")
        content["categories"] = other.get("categories", [])
        yield Change("categories-from", "categories", [], content["categories"])


def sizes_from(content: Content, options: Options) -> Iterator[Change]:
    """Read the sizes that are missing from the image files, as they are shown (EXIF applied)."""
    for index, image in enumerate(content["images"]):
        sides = [image.get("height"), image.get("width")]
        if all(is_integer(side) and side > 0 for side in sides) or options.sizes_from is None:
            continue
        path = Path(options.sizes_from) / str(image.get("file_name"))
        try:
            with Image.open(path) as picture:
                after = list(ImageOps.exif_transpose(picture).size[::-1])
        except OSError as error:
            raise PodiumError(f"cannot read the size of {path}: {error}") from error
        image["height"], image["width"] = after
        yield Change("sizes-from", f"images[{index}].height, width", sides, after)


def drop_root(content: Content, options: Options) -> Iterator[Change]:
    """Drop a category without boxes that is the supercategory of all the others."""
    used = {annotation.get("category_id") for annotation in content["annotations"]}
    categories = content["categories"]
    for index, category in enumerate(categories):
        others = [other for other in categories if other is not category]
        above = {other.get("supercategory") for other in others}
        if others and above == {category.get("name")} and category.get("id") not in used:
            content["categories"] = others
            yield Change("drop-root", f"categories[{index}]", category, None)


def drop_orphans(content: Content, options: Options) -> Iterator[Change]:
    """Drop annotations of images or categories that are not in the file."""
    known = {
        key: {entry.get("id") for entry in content[section]}
        for key, section in (("image_id", "images"), ("category_id", "categories"))
    }
    yield from _dropped(
        content,
        "drop-orphans",
        lambda annotation: any(
            not is_integer(annotation.get(key)) or annotation[key] not in ids
            for key, ids in known.items()
        ),
    )


def read_as(content: Content, options: Options) -> Iterator[Change]:
    """Convert every box from another meaning of its four numbers to x, y, width, height."""
    if options.read_as is None:
        return
    convert, images = READINGS[options.read_as], _images_by_id(content)
    for index, annotation in enumerate(content["annotations"]):
        if is_box(before := annotation.get("bbox")):
            annotation["bbox"] = convert(before, images.get(annotation.get("image_id"), {}))
            annotation.pop("area", None)
            yield Change("read-as", f"annotations[{index}].bbox", before, annotation["bbox"])


def clip(content: Content, options: Options) -> Iterator[Change]:
    """Limit boxes that reach out of their image by more than a pixel to the image."""
    images = _images_by_id(content)
    for index, annotation in enumerate(content["annotations"]):
        image, before = images.get(annotation.get("image_id"), {}), annotation.get("bbox")
        if not is_box(before) or not all(is_number(image.get(k)) for k in ("height", "width")):
            continue
        size = np.array([[image["height"], image["width"]]])
        bbox = xywh_to_xyxy([before])
        if overhang(bbox, size)[0] > TOLERANCE_PX:
            annotation["bbox"] = xyxy_to_xywh(clip_bboxes(bbox, size))[0].tolist()
            annotation.pop("area", None)
            yield Change("clip", f"annotations[{index}].bbox", before, annotation["bbox"])


def drop_empty(content: Content, options: Options) -> Iterator[Change]:
    """Drop annotations whose box has no area or is not four finite numbers."""
    yield from _dropped(content, "drop-empty", lambda entry: _is_empty(entry.get("bbox")))


def _is_empty(bbox: Any) -> bool:
    return not is_box(bbox) or not np.isfinite(bbox).all() or bbox[2] <= 0 or bbox[3] <= 0


def areas(content: Content, options: Options) -> Iterator[Change]:
    """Take the box's area where an annotation's is no number of 0 or more."""
    for index, annotation in enumerate(content["annotations"]):
        before = annotation.get("area", 0)
        if before is None or (is_number(before) and before >= 0):
            continue
        bbox = annotation.get("bbox")
        annotation["area"] = bbox[2] * bbox[3] if is_box(bbox) else None
        yield Change("areas", f"annotations[{index}].area", before, annotation["area"])


def renumber(content: Content, options: Options) -> Iterator[Change]:
    """Number the annotations from 1, where an id is missing, no integer, or stands twice."""
    ids = [annotation.get("id") for annotation in content["annotations"]]
    if all(map(is_integer, ids)) and first_duplicate(ids or [0]) is None:
        return
    for index, annotation in enumerate(content["annotations"]):
        before, annotation["id"] = annotation.get("id"), index + 1
        yield Change("renumber", f"annotations[{index}].id", before, index + 1)


# In the order in which they are made: what drops comes before what numbers.
REPAIRS: Mapping[str, Callable[[Content, Options], Iterator[Change]]] = {
    "categories-from": categories_from,
    "sizes-from": sizes_from,
    "ids-from-names": ids_from_names,
    "drop-root": drop_root,
    "drop-orphans": drop_orphans,
    "read-as": read_as,
    "clip": clip,
    "drop-empty": drop_empty,
    "areas": areas,
    "renumber": renumber,
}


def _dropped(content: Content, repair: str, is_wrong: Callable[[Entry], bool]) -> Iterator[Change]:
    kept = []
    for index, annotation in enumerate(content["annotations"]):
        if is_wrong(annotation):
            yield Change(repair, f"annotations[{index}]", annotation, None)
        else:
            kept.append(annotation)
    content["annotations"] = kept


def _images_by_id(content: Content) -> dict[Any, Entry]:
    return {image.get("id"): image for image in content["images"]}
