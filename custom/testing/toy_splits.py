"""Toy annotation files and pictures to split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

# A row of toy boxes: image id, category id, x, y, width, height.
Box = tuple[int, int, float, float, float, float]


def coco(
    num_images: int,
    boxes: Sequence[Box],
    categories: Sequence[str] = ("can", "cup"),
    names: Sequence[str] | None = None,
    side: int = 200,
) -> dict[str, Any]:
    """Return COCO content: square images with ids from 0, classes and boxes by id from 0."""
    names = names or [f"train/{i:04d}.jpg" for i in range(num_images)]
    return {
        "images": [
            {"id": i, "file_name": name, "height": side, "width": side}
            for i, name in enumerate(names)
        ],
        "categories": [{"id": i, "name": name} for i, name in enumerate(categories)],
        "annotations": [
            {"id": i, "image_id": b[0], "category_id": b[1], "bbox": list(b[2:]), "iscrowd": 0}
            for i, b in enumerate(boxes)
        ],
    }


def random_boxes(num_images: int, seed: int = 0, num_classes: int = 2) -> list[Box]:
    """Return one to five boxes for each image, inside 200 by 200 pixels."""
    rng = np.random.default_rng(seed)
    boxes: list[Box] = []
    for image in range(num_images):
        for _ in range(int(rng.integers(1, 6))):
            x, y, w, h = rng.integers(1, 90, 4).tolist()
            boxes.append((image, int(rng.integers(num_classes)), x, y, w + 1, h + 1))
    return boxes


def scene(seed: int, side: int = 200) -> Image.Image:
    """Return a smooth random picture: unlike any other seed's, like a photograph to a hash."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC)


def save_scene(path: Path, seed: int, side: int = 200) -> None:
    """Write a smooth random picture as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scene(seed, side).save(path, quality=90)
