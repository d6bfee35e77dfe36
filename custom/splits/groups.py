"""Which images belong together in one fold: by a key, by file name, by fingerprint."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from custom.boxes import IntArray
from custom.errors import PodiumError
from custom.files import read_json
from custom.tables import Images


def join_groups(num_images: int, sets: Iterable[Sequence[int]]) -> IntArray:
    """Return the group of each image, 0..G-1 in the order of first images.

    Args:
        num_images: I.
        sets: Positions of images that belong together; sets that share an image become one.
    """
    parent = np.arange(num_images)

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = int(parent[index])
        return index

    for members in sets:
        roots = sorted({root(int(index)) for index in members})
        parent[roots] = roots[0]
    return np.unique([root(index) for index in range(num_images)], return_inverse=True)[1]


def group_sets(images: Images, group_by: str) -> list[list[int]]:
    """Return the positions of images that share a key; see `keys_of`."""
    return sets_of_keys(keys_of(images, group_by))


def sets_of_keys(keys: Iterable[str]) -> list[list[int]]:
    """Return the positions of each key."""
    sets: dict[str, list[int]] = {}
    for index, key in enumerate(keys):
        sets.setdefault(key, []).append(index)
    return list(sets.values())


def keys_of(images: Images, group_by: str) -> list[str]:
    """Return the key of each image.

    Args:
        images: Read from an annotation file, which is read again for the key.
        group_by: A key of the file's image entries (`video_id`), or else a regular expression
            searched in the file names; its first group, or the whole match, is the key.

    Raises:
        PodiumError: If some images have the key and some lack it, or the expression is not
            valid or finds nothing in some file name.
    """
    entries = read_json(images.source)["images"]
    values = [entry.get(group_by) for entry in entries]
    if any(value is not None for value in values):
        what = f"every image must have the key {group_by!r}"
    else:
        values = _match_all(group_by, images)
        what = f"--group-by must be a key of the images, or match every file name: {group_by!r}"
    missing = [name for name, key in zip(images.file_names, values, strict=True) if key is None]
    if missing:
        raise PodiumError(
            f"{images.source}: {what}, but {len(missing)} of {len(images)} lack it, "
            f"the first is {missing[0]}"
        )
    return [str(value) for value in values]


def _match_all(pattern: str, images: Images) -> list[str | None]:
    """Return what the expression finds in each file name."""
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise PodiumError(
            f"--group-by must be a key of the images in {images.source} or a regular expression, "
            f"but {pattern!r} is neither: {error}"
        ) from error
    matches = [compiled.search(name) for name in images.file_names]
    return [match and (match.group(1) if compiled.groups else match.group(0)) for match in matches]
