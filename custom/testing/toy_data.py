"""A small data set with pictures, made on the spot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from custom.files import write_json

TOY_CLASSES = ("red", "green", "blue")


def make_toy_coco(folder: Path, num_images: int = 8, size: int = 64, seed: int = 0) -> Path:
    """Write noisy pictures with rectangles in the colour of their class, and `train.json`.

    The first class is on nearly every image and the last on few; one image has no boxes.

    Args:
        folder: Where `train.json` and `images/` go; made if missing.
        num_images: How many images.
        size: Height and width in pixels.
        seed: Of everything random.

    Returns:
        The path of `train.json`.
    """
    import cv2

    rng = np.random.default_rng(seed)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for index in range(num_images):
        picture = rng.integers(90, 140, (size, size, 3), dtype=np.uint8)
        num_boxes = 0 if index == 1 else int(rng.integers(1, 4))
        for label in rng.choice(3, num_boxes, p=[0.7, 0.2, 0.1]).tolist():
            width, height = rng.integers(size // 6, size // 2, 2).tolist()
            x, y = rng.integers(0, size - width), rng.integers(0, size - height)
            picture[y : y + height, x : x + width, 2 - label] = 255
            annotations.append(
                {
                    "id": len(annotations),
                    "image_id": index,
                    "category_id": label,
                    "bbox": [int(x), int(y), width, height],
                    "area": width * height,
                    "iscrowd": 0,
                }
            )
        name = f"images/{index:04d}.png"
        cv2.imwrite(str(folder / name), picture)
        images.append({"id": index, "file_name": name, "height": size, "width": size})
    categories = [{"id": label, "name": name} for label, name in enumerate(TOY_CLASSES)]
    path = folder / "train.json"
    write_json(path, {"images": images, "annotations": annotations, "categories": categories})
    return path
