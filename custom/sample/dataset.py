"""A folder of generated data, laid out as a competition: images, COCO files, hidden answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from custom.boxes import xyxy_to_xywh
from custom.errors import PodiumError
from custom.files import PathLike, read_json, write_bytes, write_json
from custom.sample import hatch, rope, trash, videos
from custom.sample.drawn import Drawn
from custom.sample.recipe import Recipe

_MARK = ".podium-sample"  # says that the pictures beside it were drawn here


@dataclass(frozen=True)
class _Kind:
    """How the data of a task are drawn: a plan, and from each entry of it some images.

    Attributes:
        classes: The class names.
        plan: Returns what to draw for "train" or "test".
        draw: Returns the images of one entry of the plan.
    """

    classes: tuple[str, ...]
    plan: Callable[[str, Recipe], Sequence[Any]]
    draw: Callable[[str, Recipe, int, Any], list[Drawn]]


_KINDS = {
    "detection": _Kind(trash.CLASSES, trash.plan_scenes, trash.draw_scenes),
    "image": _Kind(hatch.CLASSES, videos.plan_hatches, videos.draw_hatches),
    "region": _Kind(rope.CLASSES, videos.plan_ropes, videos.draw_ropes),
    "tiny": _Kind(trash.CLASSES, trash.plan_tiny, trash.draw_tiny),
}


def make_sample(folder: PathLike, recipe: Recipe, overwrite: bool = False) -> dict[str, int]:
    """Draw a data set into `folder`: `train/`, `test/` and three COCO files.

    `train.json` has the training boxes, `test.json` none, `test_boxes.json` those of the same test
    images. Boxes are modal: around what can be seen of an object; a label of a whole image is a box
    that covers it. Regions are given in `test.json` too, with every label unknown: as crowd boxes
    of each class. The same recipe gives the same bytes. The COCO files are written last, so a
    folder that has them is complete.

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
    known = [name for name in files if (root / name).exists()]
    _refuse_other_pictures(root, bool(known))
    for path in stale:
        path.unlink()
    train = _draw_part(root, "train", recipe)
    boxes = _draw_part(root, "test", recipe)
    for name, content in zip(files, (train, _open(boxes, recipe), boxes), strict=True):
        _write_if_changed(root / name, content)
    (root / _MARK).unlink()
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
    wanted = recipe.info()
    if info != wanted and not overwrite:
        raise PodiumError(
            f"{path} exists and was made with {_shown(info)}, not {_shown(wanted)}; "
            "give another folder, or replace it with --overwrite"
        )
    return info != wanted


def _refuse_other_pictures(root: Path, is_known: bool) -> None:
    """Refuse a folder whose pictures are not known to be drawn here; else mark it as ours.

    The COCO files come last, so what a kill has left is told by the mark alone, until then.
    """
    mark = root / _MARK
    held = next((path for part in ("train", "test") for path in (root / part).glob("*")), None)
    if held is not None and not (is_known or mark.exists()):
        raise PodiumError(
            f"{root} must hold no other pictures than generated ones, but has {held}; give another "
            "folder"
        )
    write_bytes(mark, b"")


def _shown(info: dict[str, Any]) -> str:
    """Return the recipe in a COCO file as text."""
    return ", ".join(f"{key} {value}" for key, value in info.items())


def _draw_part(root: Path, part: str, recipe: Recipe) -> dict[str, Any]:
    """Draw and write the images of "train" or "test"; return their COCO content."""
    kind = _KINDS[recipe.task]
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, drawn in enumerate(_draw_images(part, recipe, kind)):
        name, (width, height) = f"{part}/{drawn.name}.jpg", drawn.size_wh
        _write_if_changed(root / name, drawn.jpeg)
        entry = {"id": image_id, "file_name": name, "width": width, "height": height}
        images.append({**entry, **drawn.image})
        annotations += _annotations_of(drawn, image_id, len(annotations) + 1)
    return {
        "info": recipe.info(),
        "images": images,
        "categories": [
            {"id": label, "name": name, "supercategory": name}
            for label, name in enumerate(kind.classes)
        ],
        "annotations": annotations,
    }


def _annotations_of(drawn: Drawn, image_id: int, first_id: int) -> list[dict[str, Any]]:
    entries = [
        {
            "id": annotation_id,
            "image_id": image_id,
            "category_id": label,
            "bbox": bbox,
            "area": bbox[2] * bbox[3],
            "iscrowd": 0,
        }
        for annotation_id, (bbox, label) in enumerate(
            zip(xyxy_to_xywh(drawn.bboxes).tolist(), drawn.labels.tolist(), strict=True), first_id
        )
    ]
    if len(drawn.tracks):
        for entry, track in zip(entries, drawn.tracks.tolist(), strict=True):
            entry["track_id"] = track
    return entries


def _open(answers: dict[str, Any], recipe: Recipe) -> dict[str, Any]:
    """Return the content of `test.json`: of regions the boxes, and of nothing the labels."""
    if recipe.task != "region":
        return {**answers, "annotations": []}
    regions = [
        {**entry, "category_id": category["id"], "iscrowd": 1}
        for entry in answers["annotations"]
        for category in answers["categories"]
    ]
    numbered = [{**entry, "id": index} for index, entry in enumerate(regions, 1)]
    return {**answers, "annotations": numbered}


def _draw_images(part: str, recipe: Recipe, kind: _Kind) -> Iterator[Drawn]:
    """Yield the images of a part in order; they are drawn side by side."""
    plan = kind.plan(part, recipe)
    with ThreadPoolExecutor() as pool:
        tasks = ((part, recipe, index, entry) for index, entry in enumerate(plan))
        for images in pool.map(lambda task: kind.draw(*task), tasks):
            yield from images


def _write_if_changed(path: Path, content: bytes | dict[str, Any]) -> None:
    """Write a file whole or not at all; leave it alone where it says the same."""
    if isinstance(content, dict):
        write_json(path, content)
    elif not path.is_file() or path.read_bytes() != content:
        write_bytes(path, content)
