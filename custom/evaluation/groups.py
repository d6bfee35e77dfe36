"""Which images belong together, so that a resample or an inner fold has all of them or none."""

from __future__ import annotations

import numpy as np

from custom.boxes import IntArray
from custom.files import PathLike
from custom.splits.groups import group_sets, join_groups
from custom.splits.split import Split, read_split
from custom.tables import GroundTruth
from custom.tables.images import named_by_first


def groups_of(
    gt: GroundTruth, manifest: Split | PathLike | None = None, group_by: str | None = None
) -> IntArray:
    """Return the group of each image, shape (I,): the smallest image id in it.

    What shares a video (`video_id` of the images), a group of the sealed split (near-duplicates,
    and what it was made with `--group-by` for) or a key is together, chains included.

    Args:
        gt: The annotations; the groups that they have are kept.
        manifest: A sealed split, or its folder; images are found in it by file name.
        group_by: A key of the image entries, or a regular expression on file names.

    Raises:
        PodiumError: If there is no such split, or an image lacks the key.
    """
    keys = [np.unique(gt.images.groups, return_inverse=True)[1]]
    if manifest is not None:
        keys.append(_groups_of_split(gt, manifest))
    sets = [members for key in keys for members in _members(key)]
    if group_by is not None:
        sets += [members for members in group_sets(gt.images, group_by) if len(members) > 1]
    return named_by_first(join_groups(len(gt.images), sets), gt.images.ids)


def _groups_of_split(gt: GroundTruth, manifest: Split | PathLike) -> IntArray:
    """Return the split's group of each image, (I,); those that it does not know have their own."""
    split = manifest if isinstance(manifest, Split) else read_split(manifest)
    found = [split.find(name, "val") for name in gt.images.file_names]
    own = len(split.images) + np.arange(len(found))
    return np.array(
        [o if index is None else split.groups[index] for index, o in zip(found, own, strict=True)]
    )


def _members(key: IntArray) -> list[list[int]]:
    """Return the positions of the images of each group that has more than one."""
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    return [part.tolist() for part in np.split(order, starts[1:]) if len(part) > 1]
