"""What `tools/labels.py import` does: read labels, check them, write them as COCO annotations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from custom.boxes import TOLERANCE_PX, is_degenerate, overhang, xywh_to_xyxy
from custom.errors import PodiumError
from custom.files import check_replaceable, read_json, write_json
from custom.labels.imports import regions, whole_images
from custom.labels.imports.pictures import FramePattern, check_frames, image_entries
from custom.labels.imports.sheet import UNKNOWN, LabelSheet, check_values, read_sheet
from custom.tables import GroundTruth
from custom.tables.coco import ground_truth_of, read_ground_truth

GENERATOR = "podium labels import"
TASKS = ("image", "region")


@dataclass(frozen=True)
class ImportRequest:
    """One call of `labels.py import`.

    Attributes:
        source: A CSV, a folder of images, or a COCO file.
        task: "image" (labels of whole images) or "region" (labels of boxes).
        out: The COCO file to write.
        images: Where the images' names start from; None for the source's own folder.
        classes: The classes to take, in this order; none for all.
        attribute: Whose value is the label of a region; None for its category.
        exclusive: Whether an image has exactly one class.
        frames: How file names say which video they are of.
        leave_out_unlisted: Whether images without a row are left out.
        overwrite: Whether another file at `out` may be replaced.
    """

    source: Path
    task: str
    out: Path
    images: Path | None = None
    classes: Sequence[str] = ()
    attribute: str | None = None
    exclusive: bool = False
    frames: FramePattern | None = None
    leave_out_unlisted: bool = False
    overwrite: bool = False

    @property
    def folder(self) -> Path:
        """Where the images' names start from."""
        return self.images or (self.source if self.source.is_dir() else self.source.parent)


def run_import(request: ImportRequest) -> GroundTruth:
    """Read labels and write them as COCO annotations.

    Returns:
        What was written.

    Raises:
        PodiumError: If the labels are bad, do not fit the images, or `out` holds something else;
            nothing is written then.
    """
    if not request.source.exists():
        raise PodiumError(f"{request.source} must be a CSV, a folder or a COCO file, but is absent")
    check_replaceable([request.out], [request.source], request.overwrite, is_own)
    content = _image_content(request) if request.task == "image" else _region_content(request)
    if request.frames is not None:
        names = [entry["file_name"] for entry in content["images"]]
        rows = zip(content["images"], request.frames.fields_of(names), strict=True)
        content["images"] = [{**entry, **fields} for entry, fields in rows]
    gt = ground_truth_of(content, request.source)
    check_frames(gt.images)
    info = {"generator": GENERATOR, "source": request.source.name, "task": request.task}
    write_json(request.out, {"info": info, **content})
    return read_ground_truth(request.out)


def summary_of(gt: GroundTruth) -> str:
    """Return how many labels of each class there are, and how many are unknown."""
    parts = []
    for label, name in enumerate(gt.categories.names):
        of_class = gt.labels == label
        unknown = int((of_class & gt.iscrowd).sum())
        known = int(of_class.sum()) - unknown
        parts.append(f"{name} {known}" + (f" (unknown {unknown})" if unknown else ""))
    return f"{len(gt.images)} images: {', '.join(parts)}"


def is_own(path: Path) -> bool:
    """Return whether a file is annotations that this package has imported."""
    try:
        content = read_json(path)
    except PodiumError:
        return False
    info = content.get("info") if isinstance(content, dict) else None
    return isinstance(info, dict) and info.get("generator") == GENERATOR


def _image_content(request: ImportRequest) -> dict[str, Any]:
    source = request.source
    if request.attribute is not None:
        raise PodiumError("--attribute names the label of a region: give it with --task region")
    if source.suffix.lower() == ".json":
        sheet = whole_images.what_is_in(read_ground_truth(source)).chosen(request.classes)
        images: Sequence[Mapping[str, Any]] = read_json(source)["images"]
    else:
        if source.is_dir():
            sheet = whole_images.read_folders(source, request.classes)
        else:
            sheet = read_sheet(source, request.classes)
        images = _entries(request, sheet.names)
    if (sheet.values != UNKNOWN).any():
        check_values(sheet, request.exclusive)
    return whole_images.content_of(_as_test_set(sheet), images)


def _as_test_set(sheet: LabelSheet) -> LabelSheet:
    """Return the sheet; one of which nothing is known without any label, as test sets have it."""
    if (sheet.values != UNKNOWN).any():
        return sheet
    return LabelSheet(sheet.source, sheet.names, sheet.classes, np.zeros_like(sheet.values))


def _entries(request: ImportRequest, names: Sequence[str]) -> list[dict[str, Any]]:
    root = request.out.parent
    leave_out = request.leave_out_unlisted or request.source.is_dir()
    return image_entries(names, request.folder, root, str(request.source), leave_out)


def _region_content(request: ImportRequest) -> dict[str, Any]:
    if request.source.suffix.lower() == ".json":
        found, images, named = _from_coco(request)
    else:
        found, images, named = _from_manifest(request)
    classes = tuple(request.classes) or named
    counts = Counter(region.label for region in found if region.label)
    _check_classes(counts, classes, str(request.source))
    return regions.content_of(found, classes, images)


Found = tuple[Sequence[regions.Region], Sequence[Mapping[str, Any]], tuple[str, ...]]


def _from_coco(request: ImportRequest) -> Found:
    """Read boxes whose category, or attribute, is the label."""
    gt, content = read_ground_truth(request.source), read_json(request.source)
    records = content.get("annotations", [])
    if request.attribute is not None:
        labels, classes = regions.labels_of_attribute(
            records, request.attribute, str(request.source)
        )
    else:
        names = dict(zip(gt.categories.ids, gt.categories.names, strict=True))
        unknown = dict(zip(gt.annotation_ids.tolist(), gt.iscrowd.tolist(), strict=True))
        labels = ["" if unknown[r["id"]] else names[r["category_id"]] for r in records]
        classes = gt.categories.names
    return regions.regions_of_records(records, labels), content["images"], classes


def _from_manifest(request: ImportRequest) -> Found:
    if request.source.is_dir():
        raise PodiumError(f"{request.source} must be a CSV or a COCO file for --task region")
    manifest = regions.read_manifest(request.source)
    labels, classes = regions.named_labels(manifest.labels, request.attribute)
    names = list(dict.fromkeys(manifest.names))
    entries = _entries(request, names)
    fields = regions.fields_of_images(manifest)
    images = [{**entry, **fields.get(n, {})} for n, entry in zip(names, entries, strict=True)]
    ids = {name: entry["id"] for name, entry in zip(names, entries, strict=True)}
    found = regions.regions_of_manifest(manifest, labels, ids)
    _check_inside(found, {entry["id"]: entry for entry in entries})
    return found, images, classes


def _check_inside(found: Sequence[regions.Region], images: Mapping[int, Mapping[str, Any]]) -> None:
    """Refuse boxes of a manifest without area or outside of their image; the line is named."""
    bboxes = xywh_to_xyxy(np.array([region.bbox_xywh for region in found]))
    sizes = [(images[r.image_id]["height"], images[r.image_id]["width"]) for r in found]
    sizes_hw = np.array(sizes, np.int64)
    rules = {
        "have x2 > x1 and y2 > y1": is_degenerate(bboxes),
        "lie inside its image": overhang(bboxes, sizes_hw) > TOLERANCE_PX,
    }
    for rule, wrong in rules.items():
        if wrong.any():
            row = int(np.argmax(wrong))
            height, width = sizes[row]
            raise PodiumError(
                f"{found[row].line}: a box must {rule} ({width}x{height}), but is "
                f"{bboxes[row].tolist()} ({int(wrong.sum())} such boxes)"
            )


def _check_classes(counts: Mapping[str, int], classes: Sequence[str], source: str) -> None:
    """Refuse labels that are not among the classes, and classes without regions."""
    if other := [name for name in counts if name not in classes]:
        raise PodiumError(
            f"{source}: every label must be one of --classes ({', '.join(classes)}), but "
            f"{other[0]!r} is not ({counts[other[0]]} regions)"
        )
    lacking = [name for name in classes if not counts.get(name)]
    if counts and (lacking or len(classes) < 2):
        told = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise PodiumError(
            f"{source}: there must be regions of two classes or more, and of each one, but there "
            f"are {told}" + (f" and none of {lacking[0]!r}" if lacking else "")
        )
