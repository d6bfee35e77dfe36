"""The list of the test images: as it comes, completed, or made of a folder of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from custom.errors import PodiumError
from custom.labels.repair import read_lenient
from custom.labels.repairs import REPAIRS, Options
from custom.new_competition.layout import pictures_in
from custom.splits.headers import Header, read_headers
from custom.tables import Categories
from custom.tables.coco import ground_truth_of, read_ground_truth

_NAMED_AT_MOST = 3
_COMPLETED = ("categories-from", "sizes-from")


def list_pictures(folder: Path, categories: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a COCO list of the pictures in a folder: in the order of their names, ids from 1.

    Args:
        folder: Of the pictures; file names start from it.
        categories: The classes, as the annotations have them.

    Raises:
        PodiumError: If there are none, or one cannot be read.
    """
    names = [path.relative_to(folder).as_posix() for path in pictures_in(folder)]
    if not names:
        raise PodiumError(f"{folder} must hold test images or a list of them, but has neither")
    headers = read_headers(folder, names)
    _refuse_broken(folder, names, headers)
    images = []
    for number, (name, header) in enumerate(zip(names, headers, strict=True), start=1):
        height, width = header.size_hw()
        images.append({"id": number, "file_name": name, "height": height, "width": width})
    return {"images": images, "annotations": [], "categories": list(categories)}


def _refuse_broken(folder: Path, names: Sequence[str], headers: Sequence[Header]) -> None:
    broken = [
        f"{folder / name}: {header.fault}"
        for name, header in zip(names, headers, strict=True)
        if header.fault
    ]
    if broken:
        raise PodiumError(
            f"all pictures in {folder} must be readable to be listed, but {len(broken)} of "
            f"{len(names)} are not:\n  " + "\n  ".join(broken[:_NAMED_AT_MOST])
        )


def completed(test_file: Path, train_file: Path, images: Path | None) -> dict[str, Any] | None:
    """Return a list with the categories and sizes that it lacks; None where it lacks nothing.

    Args:
        test_file: The list.
        train_file: The annotations, whose categories are taken.
        images: The folder that sizes are read from.

    Raises:
        PodiumError: If it cannot be read with them either.
    """
    content = read_lenient(test_file)
    options = Options(sizes_from=images, categories_from=train_file)
    changes = [change for name in _COMPLETED for change in REPAIRS[name](content, options)]
    if not changes:
        read_ground_truth(test_file)
        return None
    ground_truth_of(content, test_file)
    return content


def check_classes(listed: Categories, train: Categories, test_file: Path, train_file: Path) -> None:
    """Refuse a list with other classes than the annotations.

    Raises:
        PodiumError: With both.
    """
    if listed.names != train.names:
        raise PodiumError(
            f"{test_file} must have the classes of {train_file}, {list(train.names)}, but has "
            f"{list(listed.names)}; take its categories out to have those of the annotations"
        )
