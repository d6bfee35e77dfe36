"""Folds that somebody else made, as lists of val image ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from custom.boxes import IntArray
from custom.errors import PodiumError
from custom.files import PathLike, read_json
from custom.tables import Images
from custom.tables.images import first_duplicate
from custom.tables.records import column


def read_external_folds(paths: Sequence[PathLike], images: Images) -> tuple[IntArray, ...]:
    """Read one val fold from each file.

    Args:
        paths: JSON files in the order of the folds, each a list of image ids, an object with
            `ids` or `image_ids`, or a COCO file whose images are the fold.
        images: The images that the ids refer to.

    Returns:
        For each fold the positions of its val images, ascending.

    Raises:
        PodiumError: If a file holds no ids, an id twice, or one that no image has.
    """
    return tuple(_read_fold(path, images) for path in paths)


def _read_fold(path: PathLike, images: Images) -> IntArray:
    ids = _ids_of(read_json(path), path)
    if not ids:
        raise PodiumError(f"{path} must list the val image ids of a fold, but is empty")
    if bad := [value for value in ids if not isinstance(value, int) or isinstance(value, bool)]:
        raise PodiumError(f"{path}: image ids must be integers, but one is {bad[0]!r}")
    if (double := first_duplicate(ids)) is not None:
        raise PodiumError(f"{path}: image ids must be unique, but {double} is listed twice")
    unknown = [image_id for image_id in ids if image_id not in images.index_of_id]
    if unknown:
        raise PodiumError(
            f"{path}: every id must be an image of {images.source}, but {len(unknown)} are not, "
            f"the first is {unknown[0]}"
        )
    return np.array(sorted(images.index_of_id[image_id] for image_id in ids), np.int64)


def _ids_of(content: Any, path: PathLike) -> list[Any]:
    if isinstance(content, dict):
        for key in ("ids", "image_ids"):
            if isinstance(content.get(key), list):
                return list(content[key])
        if isinstance(content.get("images"), list):
            return column(content["images"], "id", path, "image")
    if isinstance(content, list):
        return content
    raise PodiumError(f'{path} must be a list of image ids or {{"ids": [...]}}, but is neither')
