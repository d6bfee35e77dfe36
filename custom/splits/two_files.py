"""Train and val images of an organiser, each listed in a file of its own: one table of both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from custom.boxes import IntArray
from custom.errors import PodiumError
from custom.files import PathLike
from custom.image_files import find_images
from custom.splits.groups import keys_of
from custom.splits.names import NameIndex, images_folder
from custom.tables import GroundTruth, Images
from custom.tables.ground_truth import concatenate

PARTS = ("train", "val")


@dataclass(frozen=True, eq=False)
class TwoFiles:
    """Annotations of train and val images.

    Attributes:
        train: As the file has them.
        val: As the file has them.
        gt: Both, the train images first. Val ids are those of the file; where train ids occur
            among them, they are raised.
        by_part: Whether file names are `train/<name>` and `val/<name>`, since some name could mean
            an image of either file.
    """

    train: GroundTruth
    val: GroundTruth
    gt: GroundTruth
    by_part: bool

    @property
    def val_positions(self) -> IntArray:
        """Where the val images are in `gt`."""
        return np.arange(len(self.train.images), len(self.gt.images))

    def keys(self, group_by: str) -> list[str]:
        """Return by what each image is grouped; see `keys_of`."""
        return [key for part in (self.train, self.val) for key in keys_of(part.images, group_by)]

    def paths(
        self, train_images: PathLike | None = None, val_images: PathLike | None = None
    ) -> list[Path] | None:
        """Return the path of each image, or None where the images of a part are not there.

        Args:
            train_images: The folder that the train file's names start from; None to look for it.
            val_images: That of the val file; None to look for it.
        """
        paths: list[Path] = []
        for part, named in ((self.train, train_images), (self.val, val_images)):
            folder = images_folder(part.source, part.images, named)
            if folder is None:
                return None
            paths += find_images(folder, part.images.file_names).paths
        return paths


def join_files(train: GroundTruth, val: GroundTruth) -> TwoFiles:
    """Return one table of two annotation files.

    Raises:
        PodiumError: If their classes differ, in names or order.
    """
    names = train.categories.names
    if val.categories.names != names:
        raise PodiumError(
            f"{val.source} must have the classes of {train.source}, in their order, {list(names)}, "
            f"but has {list(val.categories.names)}"
        )
    index = NameIndex(train.images.file_names)
    by_part = any(index.matches(name) for name in val.images.file_names)
    raised = replace(train.images, ids=_free_ids(train.images, val.images))
    tables = [
        replace(part, images=_renamed(images, f"{name}/" if by_part else ""))
        for name, part, images in zip(PARTS, (train, val), (raised, val.images), strict=True)
    ]
    joined = concatenate([tables[0], replace(tables[1], categories=train.categories)])
    return TwoFiles(train, val, joined, by_part)


def _free_ids(images: Images, taken: Images) -> IntArray:
    """Return the ids, all raised by the same where one of them is taken."""
    if not np.isin(images.ids, taken.ids).any():
        return images.ids
    raised: IntArray = images.ids + (1 + int(taken.ids.max()) - int(images.ids.min()))
    return raised


def _renamed(images: Images, prefix: str) -> Images:
    # Groups are known by ids, which may have been raised; the split makes its own.
    names = tuple(f"{prefix}{name}" for name in images.file_names)
    return Images(images.ids, names, images.sizes_hw, images.source)
