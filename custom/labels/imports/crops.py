"""Regions cut out as small pictures of their own: a task of whole images."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from custom.boxes import FloatArray, IntArray
from custom.depth import to_8_bit
from custom.errors import PodiumError
from custom.files import check_replaceable, write_bytes, write_json
from custom.image_files import find_images
from custom.labels.imports.command import GENERATOR, is_own
from custom.labels.imports.sheet import NO, YES, LabelSheet
from custom.labels.imports.whole_images import content_of
from custom.tables import GroundTruth
from custom.tables.coco import read_ground_truth

Picture = npt.NDArray[np.uint8]


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
    names: list[str] = []
    for image in np.unique(gt.image_index[rows]).tolist():
        picture = _read(paths[image])
        for row in rows[gt.image_index[rows] == image].tolist():
            names.append(f"train/{int(gt.annotation_ids[row]):06d}.png")
            stream = BytesIO()
            crop = cut_out(picture, gt.bboxes[row], request.size, request.margin)
            Image.fromarray(crop).save(stream, "PNG")
            write_bytes(request.out / names[-1], stream.getvalue())
    return names


def _read(path: Path) -> Picture:
    """Return a picture as RGB, turned as EXIF says."""
    try:
        with Image.open(path) as image:
            return np.asarray(to_8_bit(ImageOps.exif_transpose(image)).convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        raise PodiumError(f"{path} must be an image, but: {error}") from error


def cut_out(picture: Picture, bbox: FloatArray, size: int, margin: float) -> Picture:
    """Return the square around a box, scaled to `size`; beyond the image its edge goes on.

    Args:
        picture: Shape (H, W, 3).
        bbox: x1, y1, x2, y2.
        size: Height and width of the crop.
        margin: On each side, as a share of the box's longer side.
    """
    side = float(max(bbox[2:] - bbox[:2])) * (1 + 2 * margin)
    left, top = ((bbox[:2] + bbox[2:] - side) / 2).tolist()
    height, width = picture.shape[:2]
    beyond = max(
        0, *(int(np.ceil(x)) for x in (-left, -top, left + side - width, top + side - height))
    )
    padded = np.pad(picture, ((beyond, beyond), (beyond, beyond), (0, 0)), mode="edge")
    corner = (left + beyond, top + beyond)
    box = (*corner, corner[0] + side, corner[1] + side)
    # Of a larger area every pixel counts: Pillow widens its filter.
    scaled = Image.fromarray(padded).resize((size, size), Image.Resampling.BILINEAR, box)
    return np.asarray(scaled)
