"""Labels of regions: boxes whose category or attribute is the label, or a manifest of boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from custom.boxes import FloatArray, xyxy_to_xywh
from custom.errors import PodiumError
from custom.files import PathLike
from custom.submission.csv_file import CsvFile, read_csv

_BOX = ("x1", "y1", "x2", "y2")
_REQUIRED = ("image", *_BOX, "label")
_OPTIONAL = ("group", "frame", "timestamp", "track")
# How labelling tools and tables write a box that is ticked.
_TICKED: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}
NOT = "no_"


@dataclass(frozen=True)
class Region:
    """A box and its label.

    Attributes:
        image_id: Of its image, as the COCO file has it.
        bbox_xywh: Four numbers, in pixels.
        label: The class's name; "" where it is unknown.
        track_id: The object that it is of within its video; None where unknown.
        line: Where it stands, for messages.
    """

    image_id: int
    bbox_xywh: Sequence[float]
    label: str
    track_id: Any = None
    line: str = ""


@dataclass(frozen=True)
class Manifest:
    """Regions of a CSV.

    Attributes:
        source: The file.
        names: The image of each region.
        bboxes: Shape (N, 4), xyxy.
        labels: The class of each region; "" where it is unknown.
        columns: What else it says of each region: `group`, `frame`, `timestamp`, `track`.
    """

    source: str
    names: list[str]
    bboxes: FloatArray
    labels: list[str]
    columns: Mapping[str, list[str]] = field(default_factory=dict)


def read_manifest(path: PathLike) -> Manifest:
    """Read a CSV with `image,x1,y1,x2,y2,label` and, where known, group, frame, timestamp, track.

    Raises:
        PodiumError: If a column is missing or unknown, or a coordinate is no number.
    """
    csv = read_csv(path)
    missing = [name for name in _REQUIRED if name not in csv.header]
    unknown = [name for name in csv.header if name not in (*_REQUIRED, *_OPTIONAL)]
    if missing or unknown or not csv.rows:
        raise PodiumError(
            f"{path} must have the columns {','.join(_REQUIRED)}, may have "
            f"{','.join(_OPTIONAL)}, and a row a box, but has {len(csv.rows)} rows and the columns "
            f"{','.join(csv.header)}"
        )
    bboxes = np.stack([_numbers(csv, name) for name in _BOX], axis=1)
    columns = {name: csv.text_column(name) for name in _OPTIONAL if name in csv.header}
    names, labels = csv.text_column("image"), csv.text_column("label")
    return Manifest(str(path), names, bboxes, labels, columns)


def is_manifest(path: PathLike) -> bool:
    """Return whether a CSV has boxes."""
    return set(_BOX) <= set(read_csv(path).header)


def labels_of_attribute(
    records: Sequence[Mapping[str, Any]], name: str, source: str
) -> tuple[list[str], tuple[str, ...]]:
    """Return the label that an attribute gives to each annotation, and the classes.

    A ticked or unticked box (true, false, 1, 0) gives the classes `<name>` and `no_<name>`; other
    values are the classes themselves. An annotation without the attribute is unknown.

    Args:
        records: Annotations with `attributes`, as CVAT writes them.
        name: The attribute's.
        source: For messages.

    Raises:
        PodiumError: If no annotation has the attribute.
    """
    given = [(record.get("attributes") or {}).get(name) for record in records]
    values = ["" if value is None else str(value).strip() for value in given]
    if not any(values):
        there = sorted({key for record in records for key in record.get("attributes") or {}})
        raise PodiumError(
            f"{source}: --attribute must be one of the annotations' attributes "
            f"({', '.join(there) or 'there are none'}), but is {name!r}"
        )
    return named_labels(values, name)


def named_labels(values: Sequence[str], name: str | None) -> tuple[list[str], tuple[str, ...]]:
    """Return labels as class names, and the classes; yes and no become `<name>` and `no_<name>`."""
    known = {value for value in values if value}
    if name and known and all(value.lower() in _TICKED for value in known):
        words = {value: name if _TICKED[value.lower()] else NOT + name for value in known}
        return [words.get(value, "") for value in values], (name, NOT + name)
    return list(values), tuple(sorted(known))


def regions_of_manifest(
    manifest: Manifest, labels: Sequence[str], id_of_image: Mapping[str, int]
) -> list[Region]:
    """Return the regions of a manifest, with the ids of their images."""
    tracks: Sequence[Any] = manifest.columns.get("track", [""] * len(labels))
    rows = zip(manifest.names, xyxy_to_xywh(manifest.bboxes).tolist(), labels, tracks, strict=True)
    return [
        Region(
            id_of_image[name],
            bbox,
            label,
            int(track) if track.isdigit() else track or None,
            f"{manifest.source}, line {index}",
        )
        for index, (name, bbox, label, track) in enumerate(rows, 2)
    ]


def regions_of_records(records: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> list[Region]:
    """Return the regions of COCO annotations, which have been read and found right."""
    return [
        Region(
            record["image_id"],
            record["bbox"],
            label,
            record.get("track_id", (record.get("attributes") or {}).get("track_id")),
        )
        for record, label in zip(records, labels, strict=True)
    ]


def content_of(
    regions: Sequence[Region], classes: Sequence[str], images: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return labels of regions as a COCO object.

    A region whose label is unknown has a crowd box of each class: it is neither trained on nor
    scored, and it may be predicted.
    """
    annotations: list[dict[str, Any]] = []
    for region in regions:
        known = [region.label] if region.label else classes
        width, height = region.bbox_xywh[2:]
        for name in known:
            entry = {
                "id": len(annotations) + 1,
                "image_id": region.image_id,
                "category_id": list(classes).index(name),
                "bbox": list(region.bbox_xywh),
                "area": width * height,
                "iscrowd": int(not region.label),
            }
            track = {} if region.track_id is None else {"track_id": region.track_id}
            annotations.append({**entry, **track})
    categories = [{"id": label, "name": name} for label, name in enumerate(classes)]
    return {"images": list(images), "categories": categories, "annotations": annotations}


def fields_of_images(manifest: Manifest) -> dict[str, dict[str, Any]]:
    """Return by image what a manifest says of its video, its place in it and its time.

    Raises:
        PodiumError: If two rows of an image disagree, or a value is no number.
    """
    keys = {"group": "video_id", "frame": "frame_id", "timestamp": "timestamp"}
    fields: dict[str, dict[str, Any]] = {}
    for column, key in keys.items():
        for row, value in enumerate(manifest.columns.get(column, ())):
            name = manifest.names[row]
            entry = fields.setdefault(name, {})
            parsed = value if column == "group" else _number(value, column, row, manifest.source)
            if entry.setdefault(key, parsed) != parsed:
                raise PodiumError(
                    f"{manifest.source}, line {row + 2}: the rows of an image must agree, but "
                    f"{name} has {column} {entry[key]} before and {value} here"
                )
    return {
        name: {key: value for key, value in entry.items() if value not in ("", None)}
        for name, entry in fields.items()
    }


def _number(text: str, column: str, row: int, source: str) -> float | int | None:
    if not text:
        return None
    try:
        return int(text) if column == "frame" else float(text)
    except ValueError:
        kind = "a whole number" if column == "frame" else "seconds"
        raise PodiumError(
            f"{source}, line {row + 2}: {column} must be {kind}, but is {text!r}"
        ) from None


def _numbers(csv: CsvFile, name: str) -> FloatArray:
    cells = csv.text_column(name)
    numbers = []
    for row, cell in enumerate(cells):
        try:
            numbers.append(float(cell))
        except ValueError:
            raise PodiumError(
                f"{csv.source}, line {row + 2}: {name} must be a number, but is {cell!r}"
            ) from None
    return np.array(numbers, np.float64)
