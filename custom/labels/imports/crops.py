"""Regions cut out as small pictures of their own: a task of whole images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.errors import PodiumError
from custom.files import check_replaceable, write_bytes, write_json
from custom.image_files import find_images
from custom.labels.imports.command import GENERATOR, is_own
from custom.labels.imports.sheet import NO, YES, LabelSheet
from custom.labels.imports.whole_images import content_of
from custom.tables import GroundTruth
from custom.tables.coco import read_ground_truth

Picture = Any  # (H, W, 3), BGR; OpenCV's types know of no bytes


@dataclass(frozen=True)
class CropRequest:
    """One call of `labels.py crop`.

    Attributes:
        ann_file: The regions.
        images: Where its file names start from; None for its own folder.
        out: The folder to write: `train.json` and `train/`.
        size: Height and width of a crop, in pixels.
        margin: What a crop shows around the box, as a share of its longer side.
        overwrite: Whether other annotations at `out` may be replaced.
    """

    ann_file: Path
    images: Path | None
    out: Path
    size: int = 64
    margin: float = 0.1
    overwrite: bool = False


def run_crop(request: CropRequest) -> GroundTruth:
    """Cut the regions out, square, and write them as a data set of whole images.

    Crops of one image, or of one video, are a group, which splits keep in one fold. Crowds are left
    out.

    Raises:
        PodiumError: If size or margin make no sense, an image cannot be read, or `out` holds other
            annotations; the annotations are written last.
    """
    if request.size < 8 or not 0 <= request.margin <= 2:
        raise PodiumError(
            "--size must be at least 8 and --margin between 0 and 2, but are "
            f"{request.size} and {request.margin:g}"
        )
    target = request.out / "train.json"
    check_replaceable([target], [request.ann_file], request.overwrite, is_own)
    gt = read_ground_truth(request.ann_file)
    rows = np.flatnonzero(~gt.iscrowd)
    found = find_images(request.images or request.ann_file.parent, gt.images.file_names)
    if found.missing:
        raise PodiumError(f"{request.ann_file}: {found.missing[0]} must be an image, but is absent")
    names = _write_crops(request, gt, rows, found.paths)
    values = np.full((len(rows), len(gt.categories)), NO, np.int8)
    values[np.arange(len(rows)), gt.labels[rows]] = YES
    sheet = LabelSheet(gt.source, tuple(names), gt.categories.names, values)
    groups = gt.images.groups[gt.image_index[rows]].tolist()
    images: list[dict[str, Any]] = [
        {
            "id": index,
            "file_name": name,
            "width": request.size,
            "height": request.size,
            "group": group,
        }
        for index, (name, group) in enumerate(zip(names, groups, strict=True), 1)
    ]
    info = {"generator": GENERATOR, "source": request.ann_file.name, "task": "image"}
    write_json(target, {"info": info, **content_of(sheet, images)})
    return read_ground_truth(target)


def _write_crops(
    request: CropRequest, gt: GroundTruth, rows: IntArray, paths: tuple[Path, ...]
) -> list[str]:
    """Write a crop a row; return their names."""
    names, last, picture = [], -1, None
    for row in rows.tolist():
        image = int(gt.image_index[row])
        if image != last:
            last, picture = image, cv2.imread(str(paths[image]))
        if picture is None:
            raise PodiumError(f"{paths[image]} must be an image, but cannot be read")
        names.append(f"train/{int(gt.annotation_ids[row]):06d}.png")
        crop = cut_out(picture, gt.bboxes[row], request.size, request.margin)
        write_bytes(request.out / names[-1], cv2.imencode(".png", crop)[1].tobytes())
    return names


def cut_out(picture: Picture, bbox: FloatArray, size: int, margin: float) -> Picture:
    """Return the square around a box, scaled to `size`; beyond the image its edge goes on.

    Args:
        picture: Shape (H, W, 3).
        bbox: x1, y1, x2, y2.
        size: Height and width of the crop.
        margin: On each side, as a share of the box's longer side.
    """
    side = float(max(bbox[2:] - bbox[:2])) * (1 + 2 * margin)
    scale = size / side
    left, top = (bbox[:2] + bbox[2:]) / 2 - side / 2
    # Of an area much larger than the crop every pixel counts: average first.
    if scale < 0.5:
        factor = 2.0 ** np.floor(np.log2(1 / scale))
        picture = cv2.resize(
            picture, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA
        )
        scale, left, top = scale * factor, left / factor, top / factor
    # A pixel's middle lies half a pixel from its edge.
    shift = np.array([-left, -top]) * scale + (scale - 1) / 2
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    crop = cv2.warpAffine(
        picture, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(crop, np.uint8)
