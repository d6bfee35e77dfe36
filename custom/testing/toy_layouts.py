"""Toy data sets in the folders and files that tools and organisers give them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from custom.files import read_json, write_json
from custom.testing.toy_data import make_toy_coco


@dataclass(frozen=True)
class _Places:
    """Where a layout has the annotations and the images of a part."""

    ann: str
    images: str


# In all but `flat`, file names and ids start anew in each part, as careless exports have them.
LAYOUTS: Mapping[str, Mapping[str, _Places]] = {
    "coco": {
        "train": _Places("annotations/instances_train2017.json", "train2017"),
        "val": _Places("annotations/instances_val2017.json", "val2017"),
        "test": _Places("annotations/image_info_test2017.json", "test2017"),
    },
    "roboflow": {
        part: _Places(f"{folder}/_annotations.coco.json", folder)
        for part, folder in (("train", "train"), ("val", "valid"), ("test", "test"))
    },
    "fiftyone": {
        part: _Places(f"{folder}/labels.json", f"{folder}/data")
        for part, folder in (("train", "train"), ("val", "validation"), ("test", "test"))
    },
    "cvat": {"train": _Places("annotations/instances_default.json", "images")},
    "flat": {part: _Places(f"{part}.json", "images") for part in ("train", "val", "test")},
}
_NUM_IMAGES = {"train": 12, "val": 6, "test": 4}


def make_layout(kind: str, root: Path) -> dict[str, tuple[Path, Path]]:
    """Write a data set in a layout; the test list has no boxes.

    Args:
        kind: A key of `LAYOUTS`.
        root: A new folder.

    Returns:
        By part the annotation file and the folder that its file names start from.
    """
    made = {}
    for seed, (part, places) in enumerate(LAYOUTS[kind].items()):
        source = make_toy_coco(root / ".new", _NUM_IMAGES[part], seed=seed)
        content = read_json(source)
        images = root / places.images
        images.mkdir(parents=True, exist_ok=True)
        for image in content["images"]:
            before = source.parent / image["file_name"]
            name = f"{part}_{before.name}" if kind == "flat" else before.name
            shutil.move(before, images / name)
            image["file_name"] = name
        if kind == "roboflow":
            _add_root_category(content)
        if part == "test":
            del content["annotations"]
        write_json(root / places.ann, content)
        made[part] = (root / places.ann, images)
        shutil.rmtree(root / ".new")
    return made


def _add_root_category(content: dict[str, Any]) -> None:
    """Put Roboflow's category in front that stands for the project and has no boxes."""
    for category in content["categories"]:
        category.update(id=category["id"] + 1, supercategory="shapes")
    for annotation in content["annotations"]:
        annotation["category_id"] += 1
    content["categories"].insert(0, {"id": 0, "name": "shapes", "supercategory": "none"})
