"""A folder of generated scenes, laid out as a competition: images, COCO files, hidden answers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from custom.boxes import IntArray, xyxy_to_xywh
from custom.errors import PodiumError
from custom.files import PathLike, read_json, write_bytes, write_json
from custom.sample.objects import CLASSES
from custom.sample.scenes import draw_scene

GENERATOR = "podium sample 1"
# How many objects lie on an image, and how often.
_COUNTS = (2, 3, 4, 5, 6, 7)
_COUNT_WEIGHTS = (0.2, 0.22, 0.2, 0.16, 0.12, 0.1)
_MIN_OF_A_CLASS = 2
_JPEG_QUALITY = 95


@dataclass(frozen=True)
class Recipe:
    """What the sample data are a function of.

    Attributes:
        seed: Seed of everything drawn.
        train: Number of training images.
        test: Number of test images.
        size: Height and width of an image, in pixels.
    """

    seed: int = 42
    train: int = 300
    test: int = 80
    size: int = 320

    def __post_init__(self) -> None:
        for name, least in (("seed", 0), ("train", 1), ("test", 1), ("size", 64)):
            if (value := getattr(self, name)) < least:
                raise PodiumError(f"{name} must be at least {least}, but is {value}")


@dataclass(frozen=True)
class _Drawn:
    """One image, encoded, and what is on it."""

    jpeg: bytes
    bboxes: IntArray
    labels: IntArray


def make_sample(folder: PathLike, recipe: Recipe, overwrite: bool = False) -> dict[str, int]:
    """Draw a data set into `folder`: `train/`, `test/` and three COCO files.

    `train.json` has the training boxes, `test.json` none, `test_boxes.json` those of the same test
    images. Boxes are modal: around what can be seen of an object. The same recipe gives the same
    bytes. The COCO files are written last, so a folder that has them is complete.

    Args:
        folder: Where to write. What is there already from the same recipe is kept.
        recipe: Seed, numbers and size.
        overwrite: Replace sample data of another recipe.

    Returns:
        The number of boxes in each COCO file that has boxes, by file name.

    Raises:
        PodiumError: If the folder holds other data, or cannot be written.
    """
    root = Path(folder)
    files = ("train.json", "test.json", "test_boxes.json")
    stale = [root / name for name in files if _differs(root / name, recipe, overwrite)]
    for path in stale:
        path.unlink()
    train = _draw_part(root, "train", recipe)
    boxes = _draw_part(root, "test", recipe)
    for name, content in zip(files, (train, {**boxes, "annotations": []}, boxes), strict=True):
        _write_if_changed(root / name, content)
    return {files[0]: len(train["annotations"]), files[2]: len(boxes["annotations"])}


def _differs(path: Path, recipe: Recipe, overwrite: bool) -> bool:
    """Return whether a COCO file is there and from another recipe; say no to a foreign one."""
    if not path.exists():
        return False
    content = read_json(path)
    info = content.get("info") if isinstance(content, dict) else None
    made_by = info.get("generator") if isinstance(info, dict) else None
    if not isinstance(info, dict) or not str(made_by).startswith("podium sample"):
        raise PodiumError(
            f"{path} must be generated sample data to be replaced, but was not made by "
            "make_sample.py; give another folder"
        )
    wanted = _info(recipe)
    if info != wanted and not overwrite:
        raise PodiumError(
            f"{path} exists and was made with {_shown(info)}, not {_shown(wanted)}; "
            "give another folder, or replace it with --overwrite"
        )
    return info != wanted


def _info(recipe: Recipe) -> dict[str, Any]:
    """Return what a COCO file says about its origin."""
    return {"generator": GENERATOR, **asdict(recipe)}


def _shown(info: dict[str, Any]) -> str:
    """Return the recipe in a COCO file as text."""
    return ", ".join(f"{key} {value}" for key, value in info.items())


def _draw_part(root: Path, part: str, recipe: Recipe) -> dict[str, Any]:
    """Draw and write the images of "train" or "test"; return their COCO content."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, drawn in enumerate(_draw_images(part, recipe)):
        name = f"{part}/{image_id:04d}.jpg"
        _write_if_changed(root / name, drawn.jpeg)
        images.append(
            {"id": image_id, "file_name": name, "width": recipe.size, "height": recipe.size}
        )
        for bbox, label in zip(xyxy_to_xywh(drawn.bboxes).tolist(), drawn.labels, strict=True):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": int(label),
                    "bbox": bbox,
                    "area": bbox[2] * bbox[3],
                    "iscrowd": 0,
                }
            )
    categories = [
        {"id": label, "name": kind.name, "supercategory": kind.name}
        for label, kind in enumerate(CLASSES)
    ]
    return {
        "info": _info(recipe),
        "images": images,
        "categories": categories,
        "annotations": annotations,
    }


def _draw_images(part: str, recipe: Recipe) -> Iterator[_Drawn]:
    """Yield the images of a part in order; they are drawn side by side."""
    plan = _plan_labels(part, recipe)
    with ThreadPoolExecutor() as pool:
        tasks = ((part, recipe, index, labels) for index, labels in enumerate(plan))
        yield from pool.map(lambda task: _draw_image(*task), tasks)


def _draw_image(part: str, recipe: Recipe, index: int, labels: list[int]) -> _Drawn:
    """Draw and encode one image, a function of its arguments alone."""
    scene = draw_scene(_generator(recipe, part, 1 + index), labels, recipe.size)
    quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    _, encoded = cv2.imencode(".jpg", scene.image, quality)
    return _Drawn(encoded.tobytes(), scene.bboxes, scene.labels)


def _plan_labels(part: str, recipe: Recipe) -> list[list[int]]:
    """Return the classes to draw on each image: the competition's frequencies, no class missing."""
    rng = _generator(recipe, part, 0)
    num_images = recipe.train if part == "train" else recipe.test
    counts = rng.choice(_COUNTS, size=num_images, p=_COUNT_WEIGHTS)
    total = int(counts.sum())
    frequencies = np.array([kind.boxes for kind in CLASSES]) / sum(kind.boxes for kind in CLASSES)
    quotas = np.maximum(np.floor(frequencies * total).astype(int), _MIN_OF_A_CLASS)
    rest = rng.choice(len(CLASSES), size=max(0, total - int(quotas.sum())), p=frequencies)
    labels = np.concatenate([np.repeat(np.arange(len(CLASSES)), quotas), rest])
    shuffled = rng.permutation(labels)[:total]
    return [chunk.tolist() for chunk in np.split(shuffled, np.cumsum(counts)[:-1])]


def _generator(recipe: Recipe, part: str, stream: int) -> np.random.Generator:
    """Return the generator of one image (stream 1 + index) or of the plan (stream 0) of a part."""
    return np.random.default_rng((recipe.seed, ("train", "test").index(part), stream))


def _write_if_changed(path: Path, content: bytes | dict[str, Any]) -> None:
    """Write a file whole or not at all; leave it alone where it says the same."""
    if isinstance(content, dict):
        write_json(path, content)
    elif not path.is_file() or path.read_bytes() != content:
        write_bytes(path, content)
