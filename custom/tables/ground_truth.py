"""What is on the images: the annotated boxes, with the classes they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from custom.boxes import BoolArray, FloatArray, IntArray
from custom.errors import PodiumError
from custom.tables.images import (
    OF_IMAGES,
    UNKNOWN,
    Categories,
    Images,
    column_of,
    frozen,
)
from custom.tables.rows import image_index_of, offsets_of, rows_of_images

_COLUMNS = {
    "offsets": np.int64,
    "bboxes": np.float64,
    "labels": np.int64,
    "iscrowd": np.bool_,
    "area": np.float64,
    "annotation_ids": np.int64,
    "track_ids": np.int64,
}


@dataclass(frozen=True, eq=False)
class GroundTruth:
    """Annotated boxes of a data set, as flat columns.

    Attributes:
        images: The I images, with sizes and file names.
        categories: The C classes.
        offsets: Shape (I+1,); rows `offsets[i]:offsets[i+1]` belong to image i.
        bboxes: Shape (N, 4), xyxy, absolute pixels.
        labels: Shape (N,), 0..C-1.
        iscrowd: Shape (N,), bool.
        area: Shape (N,), squared pixels, as the file has it (of the mask, where there is one).
        annotation_ids: Shape (N,), the file's own ids. Whatever hands boxes to pycocotools
            renumbers them from 1, since it takes a match with id 0 for no match.
        track_ids: Shape (N,), the object that a box is of within its video; -1 where unknown.
    """

    images: Images
    categories: Categories
    offsets: IntArray
    bboxes: FloatArray
    labels: IntArray
    iscrowd: BoolArray
    area: FloatArray
    annotation_ids: IntArray
    track_ids: IntArray = field(default_factory=lambda: np.empty(0, np.int64))

    def __post_init__(self) -> None:
        tracks = column_of(self.track_ids, len(self.labels), np.int64, UNKNOWN)
        object.__setattr__(self, "track_ids", tracks)
        for name, dtype in _COLUMNS.items():
            object.__setattr__(self, name, frozen(getattr(self, name), dtype))
            shape = getattr(self, name).shape
            rows = len(self.images) + 1 if name == "offsets" else len(self.labels)
            if shape[:1] != (rows,):
                raise PodiumError(f"{self.source}: {name} must have {rows} rows, but has {shape}")

    @property
    def source(self) -> str:
        """The file they were read from, for messages."""
        return self.images.source

    @property
    def num_boxes(self) -> int:
        """How many boxes there are on all images."""
        return len(self.labels)

    @property
    def image_index(self) -> IntArray:
        """The position of each box's image, shape (N,)."""
        return image_index_of(self.offsets)

    def rows(self, index: int) -> slice:
        """Return the rows of the image at position `index`."""
        return slice(int(self.offsets[index]), int(self.offsets[index + 1]))

    def take(self, indices: npt.ArrayLike) -> GroundTruth:
        """Return the images at positions `indices`, in that order, with their boxes."""
        chosen = np.asarray(indices, dtype=np.int64)
        rows, offsets = rows_of_images(self.offsets, chosen)
        columns = {name: getattr(self, name)[rows] for name in _COLUMNS if name != "offsets"}
        return GroundTruth(self.images.take(chosen), self.categories, offsets, **columns)

    def grouped(self, groups: IntArray) -> GroundTruth:
        """Return the same with other groups of images, shape (I,), see `Images.groups`."""
        return replace(self, images=replace(self.images, groups=groups))

    def take_ids(self, image_ids: npt.ArrayLike) -> GroundTruth:
        """Return the images with these ids, in that order.

        Raises:
            PodiumError: If an id is not among the images.
        """
        ids = np.asarray(image_ids, dtype=np.int64).tolist()
        unknown = [image_id for image_id in ids if image_id not in self.images.index_of_id]
        if unknown:
            raise PodiumError(
                f"{self.source}: no image has id {unknown[0]} ({len(unknown)} unknown)"
            )
        return self.take([self.images.index_of_id[image_id] for image_id in ids])


def covers_whole_images(gt: GroundTruth) -> bool:
    """Return whether every box covers its image, so that boxes are labels of images."""
    sizes_hw = gt.images.sizes_hw[gt.image_index]
    whole = np.column_stack([np.zeros_like(sizes_hw), sizes_hw[:, ::-1]])
    return bool(gt.num_boxes and (gt.bboxes == whole).all())


def concatenate(tables: Sequence[GroundTruth]) -> GroundTruth:
    """Return one table of the images of several, in their order; its source is the first's.

    Raises:
        PodiumError: If an image stands in two of them, or their classes differ.
    """
    if len(tables) == 1:
        return tables[0]
    for table in tables[1:]:
        if table.categories != tables[0].categories:
            raise PodiumError(
                f"{table.source} must have the classes of {tables[0].source} "
                f"({', '.join(tables[0].categories.names)}), but has "
                f"{', '.join(table.categories.names)}"
            )
    images = Images(
        np.concatenate([table.images.ids for table in tables]),
        tuple(name for table in tables for name in table.images.file_names),
        np.concatenate([table.images.sizes_hw for table in tables]),
        tables[0].source,
        **{
            name: np.concatenate([getattr(table.images, name) for table in tables])
            for name in OF_IMAGES
        },
    )
    columns = {
        name: np.concatenate([getattr(table, name) for table in tables])
        for name in _COLUMNS
        if name != "offsets"
    }
    offsets = offsets_of(np.concatenate([np.diff(table.offsets) for table in tables]))
    return GroundTruth(images, tables[0].categories, offsets, **columns)
