"""What `tools/labels.py check` does: compare annotations with the pictures they are assigned to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from custom.errors import PodiumError
from custom.files import check_replaceable, read_json, write_json
from custom.image_files import find_images
from custom.labels.check.files import assigned_twice, other_contents, wrong_sizes
from custom.labels.check.mismatch import KINDS, Mismatch
from custom.labels.check.motion import boxes_without_motion
from custom.labels.check.neighbours import unlike_neighbours
from custom.labels.check.small import read_small
from custom.splits.digests import content_digest
from custom.splits.headers import read_headers
from custom.splits.split import read_split
from custom.tables import GroundTruth
from custom.tables.coco import read_ground_truth


@dataclass(frozen=True)
class CheckRequest:
    """One call of `labels.py check`.

    Attributes:
        ann_file: COCO annotations.
        images: Where its file names start from; None for its own folder.
        split: A sealed split, whose digests say which file was which image.
        out: The mismatches, JSON.
        overwrite: Whether another file at `out` may be replaced.
    """

    ann_file: Path
    images: Path | None = None
    split: Path | None = None
    out: Path = Path("reports/mismatches.json")
    overwrite: bool = False


def run_check(request: CheckRequest) -> tuple[list[Mismatch], GroundTruth]:
    """Find images whose annotations seem to belong to another picture; write and return them.

    Raises:
        PodiumError: If images are missing or unreadable, or `out` holds something else.
    """
    check_replaceable([request.out], [request.ann_file], request.overwrite, _is_own)
    gt = read_ground_truth(request.ann_file)
    folder = request.images or request.ann_file.parent
    found = find_images(folder, gt.images.file_names)
    if found.missing:
        raise PodiumError(
            f"{request.ann_file}: every image must be in {folder}, but {found.missing[0]} is not "
            f"({len(found.missing)} such images); name the folder with --images"
        )
    mismatches = find_mismatches(gt, folder, found.paths, request.split)
    names = gt.images.file_names
    records: list[dict[str, Any]] = [
        {
            "image": names[each.image],
            "kind": each.kind,
            "detail": each.detail,
            "belongs_to": None if each.belongs_to is None else names[each.belongs_to],
        }
        for each in mismatches
    ]
    write_json(request.out, {"annotations": str(request.ann_file), "mismatches": records})
    return mismatches, gt


def find_mismatches(
    gt: GroundTruth, folder: Path, paths: tuple[Path, ...], split: Path | None = None
) -> list[Mismatch]:
    """Return what speaks against the assignment of pictures, in the order of `KINDS`."""
    headers = read_headers(folder, gt.images.file_names)
    for path, header in zip(paths, headers, strict=True):
        if header.fault:
            raise PodiumError(f"{path} must be an image, but: {header.fault}")
    mismatches = wrong_sizes(gt, headers)
    contents = [content_digest(path) for path in paths]
    if split is not None:
        mismatches += other_contents(gt, contents, read_split(split))
    small = read_small(paths)
    mismatches += assigned_twice(gt, contents)
    mismatches += unlike_neighbours(gt.images, small)
    return mismatches + boxes_without_motion(gt, small)


def summary_of(mismatches: list[Mismatch], gt: GroundTruth) -> str:
    """Return a line a kind with the number of images and the first of them."""
    names = gt.images.file_names
    lines = []
    for kind, what in KINDS.items():
        if of_kind := [each for each in mismatches if each.kind == kind]:
            first = of_kind[0]
            lines.append(f"{len(of_kind)} {what}: {names[first.image]} {first.detail}, ...")
    images = len({each.image for each in mismatches})
    return "\n".join([f"{images} of {len(gt.images)} images are suspected", *lines])


def _is_own(path: Path) -> bool:
    try:
        content = read_json(path)
    except PodiumError:
        return False
    return isinstance(content, dict) and set(content) == {"annotations", "mismatches"}
