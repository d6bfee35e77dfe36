"""Annotations and pseudo-labels in one COCO file, with ids that are safe and sources that stay."""

from __future__ import annotations

from typing import Any

import numpy as np

from custom.boxes import FloatArray, xyxy_to_xywh
from custom.errors import PodiumError
from custom.files import real_path
from custom.pseudo_labels.provenance import KEY, is_pseudo
from custom.splits.names import NameIndex
from custom.tables import Categories, Images, Predictions

Record = dict[str, Any]


def merge(
    train: Record, test: Record, labels: Predictions, categories: Categories, origin: Record
) -> Record:
    """Return a COCO file with the annotations of one and the pseudo-labels on images of another.

    Images without a box are left out: nothing above the threshold is not the same as nothing there.

    Args:
        train: The content of the annotated file; not changed.
        test: The content of the file that lists the predicted images.
        labels: The boxes to add, on the images of `test`, inside of them.
        categories: The classes of `labels`.
        origin: What `info.pseudo_labels` will say; its `name` marks each annotation's source.

    Raises:
        PodiumError: If an image is annotated already, or a class is not in `train`.
    """
    position = {image["id"]: image for image in test["images"]}
    ids = labels.image_ids.tolist()
    images = [position[ids[i]] for i in np.flatnonzero(np.diff(labels.offsets)).tolist()]
    _refuse_annotated(train, images)
    first = 1 + max((image["id"] for image in train["images"]), default=-1)
    new_id = {image["id"]: first + index for index, image in enumerate(images)}
    source = f"pseudo:{origin['name']}"
    added = [{**image, "id": new_id[image["id"]], "source": source} for image in images]
    annotated = [{"source": "annotated", **a} for a in train["annotations"]]
    category_ids = _category_ids(train, categories)
    annotations = annotated + _annotations(labels, new_id, category_ids, source, annotated)
    info = {**(train.get("info") or {}), KEY: origin}
    return {**train, "info": info, "images": train["images"] + added, "annotations": annotations}


def _annotations(
    labels: Predictions,
    new_id: dict[int, int],
    category_ids: list[int],
    source: str,
    before: list[Record],
) -> list[Record]:
    """Return a COCO annotation for each box: corner and size, its own area, numbers for classes."""
    first = 1 + max((annotation["id"] for annotation in before), default=0)
    bboxes_xywh: FloatArray = xyxy_to_xywh(labels.bboxes)
    image_ids = labels.image_ids[labels.image_index].tolist()
    return [
        {
            "id": first + row,
            "image_id": new_id[image_ids[row]],
            "category_id": category_ids[label],
            "bbox": bbox,
            "area": bbox[2] * bbox[3],
            "iscrowd": 0,
            "score": score,
            "source": source,
        }
        for row, (label, bbox, score) in enumerate(
            zip(labels.labels.tolist(), bboxes_xywh.tolist(), labels.scores.tolist(), strict=True)
        )
    ]


def _category_ids(train: Record, categories: Categories) -> list[int]:
    """Return the id in `train` of each class, found by name."""
    id_of = {category["name"]: category["id"] for category in train["categories"]}
    unknown = [name for name in categories.names if name not in id_of]
    if unknown:
        raise PodiumError(
            f"classes of the predictions must be among those of the annotations "
            f"({', '.join(id_of)}), but {unknown[0]!r} is not"
        )
    return [id_of[name] for name in categories.names]


def _refuse_annotated(train: Record, images: list[Record]) -> None:
    """Refuse to label an image again, under whatever leading folders."""
    known = NameIndex(image["file_name"] for image in train["images"])
    again = [i["file_name"] for i in images if known.matches(i["file_name"])]
    if again:
        made = sum(map(is_pseudo, train["annotations"]))
        hint = "; it has pseudo-labels already: start from the annotated file" if made else ""
        raise PodiumError(
            f"images to label must not be annotated already, but {again[0]!r} is "
            f"({len(again)} such){hint}"
        )


def refuse_in_place(out: str, *sources: str | None) -> None:
    """Refuse to write over a file that is read."""
    for source in sources:
        if source and real_path(out) == real_path(source):
            raise PodiumError(f"--out must be a new file, but {out} is one of those that are read")


def take_images(images: Images, labels: Predictions) -> Images:
    """Return the images that have a box."""
    return images.take(np.flatnonzero(np.diff(labels.offsets)))
