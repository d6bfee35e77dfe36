"""Labels of whole images: from folders, from what is in a COCO file; as boxes that cover them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from custom.errors import PodiumError
from custom.labels.imports.pictures import images_below
from custom.labels.imports.sheet import NO, UNKNOWN, YES, LabelSheet, unlabelled
from custom.tables import GroundTruth

HAS = "has_"


def read_folders(folder: Path, classes: Sequence[str] = ()) -> LabelSheet:
    """Read a folder of images: a folder a class, or one without classes for a test set.

    Args:
        folder: What holds the classes' folders.
        classes: Those to take, in this order; none for all. Of a folder without: their names.

    Raises:
        PodiumError: If there are no images, or some lie in a class's folder and some beside it.
    """
    names = images_below(folder)
    if not names:
        raise PodiumError(f"{folder} must hold images, but has none")
    of_image = [name.split("/", 1)[0] if "/" in name else "" for name in names]
    if set(of_image) == {""}:
        return unlabelled(str(folder), tuple(names), classes)
    if "" in of_image:
        beside = [name for name, label in zip(names, of_image, strict=True) if not label]
        raise PodiumError(
            f"{folder}: every image must lie in the folder of its class, but {beside[0]} does not "
            f"({len(beside)} such images)"
        )
    found = tuple(sorted(set(of_image)))
    if unknown := [name for name in classes if name not in found]:
        raise PodiumError(f"{folder} must have a folder a class, but has none for {unknown[0]!r}")
    chosen = tuple(classes) or found
    kept = [index for index, label in enumerate(of_image) if label in chosen]
    values = np.full((len(kept), len(chosen)), NO, np.int8)
    values[range(len(kept)), [chosen.index(of_image[index]) for index in kept]] = YES
    return LabelSheet(str(folder), tuple(names[index] for index in kept), chosen, values)


def what_is_in(gt: GroundTruth) -> LabelSheet:
    """Return for each image and class whether it has a box: `has_<class>`.

    Where an image has only crowd boxes of a class, nobody has looked closely: that is unknown. Of a
    test set, which has no boxes at all, nothing is known.
    """
    default = NO if gt.num_boxes else UNKNOWN
    values = np.full((len(gt.images), len(gt.categories)), default, np.int8)
    values[gt.image_index[gt.iscrowd], gt.labels[gt.iscrowd]] = UNKNOWN
    values[gt.image_index[~gt.iscrowd], gt.labels[~gt.iscrowd]] = YES
    classes = tuple(HAS + name for name in gt.categories.names)
    return LabelSheet(gt.source, gt.images.file_names, classes, values)


def content_of(sheet: LabelSheet, images: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return labels of images as a COCO object.

    Args:
        sheet: The labels.
        images: An entry an image of the sheet, in its order.

    Returns:
        `images`, `categories` and `annotations`: a box over the whole image for each class that it
        has, none for one that it has not, and a crowd box, which is neither trained on nor scored,
        where that is unknown.
    """
    annotations: list[dict[str, Any]] = []
    for image, label in np.argwhere(sheet.values != NO).tolist():
        entry = images[image]
        width, height = entry["width"], entry["height"]
        annotations.append(
            {
                "id": len(annotations) + 1,
                "image_id": entry["id"],
                "category_id": label,
                "bbox": [0, 0, width, height],
                "area": width * height,
                "iscrowd": int(sheet.values[image, label] == UNKNOWN),
            }
        )
    categories = [{"id": label, "name": name} for label, name in enumerate(sheet.classes)]
    return {"images": list(images), "categories": categories, "annotations": annotations}
