"""A contact sheet: images of a COCO file side by side, with boxes and names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from custom.errors import PodiumError
from custom.files import PathLike
from custom.sample.canvas import Colour
from custom.sheets import write_sheet_file
from custom.tables import GroundTruth, Images
from custom.tables.coco import read_ground_truth
from custom.tables.images import UNKNOWN

_COLUMNS = 6
_TILE = 320


def write_contact_sheet(
    path: PathLike, ann_file: PathLike, image_folder: PathLike, num_images: int = 24
) -> None:
    """Draw images of a COCO file with their boxes and class names: the first ones.

    Of frames of videos, images are shown that lie evenly apart.

    Args:
        path: The picture to write; its ending names the format (.png, .jpg).
        ann_file: A COCO file with boxes.
        image_folder: The folder that the file names in it start from.
        num_images: How many images to show, at most.

    Raises:
        PodiumError: If an image is missing or unreadable, `path` is there and no contact sheet, or
            the picture cannot be written.
    """
    gt = read_ground_truth(ann_file)
    shown = _choose(gt.images, num_images)
    tiles = [_draw_tile(gt, index, Path(image_folder)) for index in shown]
    while len(tiles) % _COLUMNS:
        tiles.append(np.full((_TILE, _TILE, 3), 255, np.uint8))
    rows = [np.hstack(tiles[start : start + _COLUMNS]) for start in range(0, len(tiles), _COLUMNS)]
    write_sheet_file(path, np.vstack(rows))


def _choose(images: Images, number: int) -> list[int]:
    """Return the positions of the images to show, at most `number`."""
    number = min(number, len(images))
    if (images.video_ids == UNKNOWN).any():
        return list(range(number))
    return np.linspace(0, len(images) - 1, number).astype(int).tolist()


def _draw_tile(gt: GroundTruth, index: int, folder: Path) -> npt.NDArray[np.uint8]:
    """Return one image with its boxes, scaled to the tile's side."""
    file = folder / gt.images.file_names[index]
    image: Any = cv2.imread(str(file))
    if image is None:
        raise PodiumError(f"{file} must be an image, but is missing or unreadable")
    scale = _TILE / max(image.shape[:2])
    tile = np.full((_TILE, _TILE, 3), 255, np.uint8)
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    tile[: small.shape[0], : small.shape[1]] = small[:_TILE, :_TILE]
    rows = gt.rows(index)
    free: dict[tuple[int, int], int] = {}  # where the next name of boxes with this corner goes
    for bbox, label in zip(gt.bboxes[rows] * scale, gt.labels[rows].tolist(), strict=True):
        colour = _colour_of(label, len(gt.categories))
        left, top, right, bottom = np.round(bbox).astype(int).tolist()
        cv2.rectangle(tile, (left, top), (right - 1, bottom - 1), colour, 2)
        at = free.get((left, top), left)
        free[left, top] = _write_name(tile, gt.categories.names[label], at, top, colour)
    return tile


def _write_name(tile: npt.NDArray[np.uint8], name: str, left: int, top: int, colour: Colour) -> int:
    """Write a class name on a bar of its colour at the corner of a box; return where it ends."""
    (width, height), _ = cv2.getTextSize(name, cv2.FONT_HERSHEY_SIMPLEX, 0.38, 1)
    left = max(0, min(left, _TILE - width - 4))
    base = max(top, height + 4)
    cv2.rectangle(tile, (left, base - height - 4), (left + width + 4, base), colour, -1)
    cv2.putText(
        tile, name, (left + 2, base - 3), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (0, 0, 0), 1, cv2.LINE_AA
    )
    return left + width + 5


def _colour_of(label: int, num_classes: int) -> Colour:
    """Return a bright BGR colour for a class, far from those of its neighbours."""
    hue = np.array([[[label * 180 // max(1, num_classes), 150, 255]]], np.uint8)
    blue, green, red = cv2.cvtColor(hue, cv2.COLOR_HSV2BGR)[0, 0].tolist()
    return blue, green, red
