"""What images there are and what classes: the two lists that both tables refer to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from custom.boxes import FloatArray, IntArray
from custom.errors import PodiumError


def frozen(values: npt.ArrayLike, dtype: type) -> npt.NDArray[Any]:
    """Return a contiguous array of `dtype` that cannot be written to; no copy where none is needed.

    The given array itself stays writable: what is frozen is a view of it or a copy.
    """
    array: npt.NDArray[Any] = np.ascontiguousarray(values, dtype=dtype).view()
    array.setflags(write=False)
    return array


def first_duplicate(values: npt.ArrayLike) -> object | None:
    """Return a value that stands more than once in `values`, or None."""
    if isinstance(values, tuple) and len(set(values)) == len(values):
        return None
    if isinstance(values, np.ndarray) and values.ndim == 1 and (values[1:] > values[:-1]).all():
        return None
    unique, counts = np.unique(np.asarray(values), return_counts=True)
    return unique[counts > 1][0].item() if (counts > 1).any() else None


def named_by_first(group_index: IntArray, ids: IntArray) -> IntArray:
    """Return for each image the smallest id of its group, shape (I,), as `Images.groups` has it.

    Args:
        group_index: Shape (I,), 0..G-1.
        ids: Shape (I,).
    """
    smallest = np.full(int(group_index.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(smallest, group_index, ids)
    return smallest[group_index]


UNKNOWN = -1


def column_of(values: npt.ArrayLike, length: int, dtype: type, default: float) -> npt.NDArray[Any]:
    """Return an optional column, frozen: of `default` where no values are given."""
    given = np.asarray(values)
    return frozen(given if given.size or not length else np.full(length, default), dtype)


@dataclass(frozen=True, eq=False)
class Images:
    """The images of a data set, in the order of its file.

    Attributes:
        ids: Shape (I,), the file's own ids.
        file_names: I names, as the file has them.
        sizes_hw: Shape (I, 2), height and width in pixels.
        source: The file they were read from, for messages.
        groups: Shape (I,), for each image the smallest id among the images that belong together
            with it: a video, near-duplicates. Its own id where it is alone, as all are if empty.
        video_ids: Shape (I,), the video that an image is a frame of; -1 where that is unknown.
        frame_ids: Shape (I,), its place in the video; -1 where that is unknown.
        timestamps: Shape (I,), its time in the video in seconds; NaN where that is unknown.
    """

    ids: IntArray
    file_names: tuple[str, ...]
    sizes_hw: IntArray
    source: str = ""
    groups: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    video_ids: IntArray = field(default_factory=lambda: np.empty(0, np.int64))
    frame_ids: IntArray = field(default_factory=lambda: np.empty(0, np.int64))
    timestamps: FloatArray = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", frozen(self.ids, np.int64))
        object.__setattr__(self, "sizes_hw", frozen(self.sizes_hw, np.int64).reshape(-1, 2))
        object.__setattr__(self, "file_names", tuple(self.file_names))
        groups = self.groups if len(self.groups) else self.ids
        object.__setattr__(self, "groups", frozen(groups, np.int64))
        if len(self.groups) != len(self.ids):
            raise PodiumError(f"{self.source}: {len(self.ids)} ids but {len(self.groups)} groups")
        for name, dtype, default in _OF_VIDEOS:
            column = column_of(getattr(self, name), len(self.ids), dtype, default)
            object.__setattr__(self, name, column)
            if len(column) != len(self.ids):
                raise PodiumError(f"{self.source}: {len(self.ids)} ids but {len(column)} {name}")
        for what, values in (("id", self.ids), ("file_name", self.file_names)):
            if len(values) != len(self.ids):
                raise PodiumError(f"{self.source}: {len(self.ids)} ids but {len(values)} {what}s")
            if (double := first_duplicate(values)) is not None:
                raise PodiumError(
                    f"{self.source}: image {what}s must be unique, but {double!r} stands twice"
                )

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def index_of_id(self) -> dict[int, int]:
        """Position by image id."""
        return {image_id: index for index, image_id in enumerate(self.ids.tolist())}

    @cached_property
    def index_of_name(self) -> dict[str, int]:
        """Position by file name."""
        return {name: index for index, name in enumerate(self.file_names)}

    def take(self, indices: npt.ArrayLike) -> Images:
        """Return the images at the positions `indices`, in that order."""
        chosen = np.asarray(indices, dtype=np.int64)
        names = tuple(self.file_names[i] for i in chosen.tolist())
        columns = {name: getattr(self, name)[chosen] for name in OF_IMAGES}
        return Images(self.ids[chosen], names, self.sizes_hw[chosen], self.source, **columns)


# The optional columns of videos: name, type, and what stands for unknown.
_OF_VIDEOS: tuple[tuple[str, type, float], ...] = (
    ("video_ids", np.int64, UNKNOWN),
    ("frame_ids", np.int64, UNKNOWN),
    ("timestamps", np.float64, np.nan),
)
# All optional columns.
OF_IMAGES = ("groups", *(name for name, _, _ in _OF_VIDEOS))


@dataclass(frozen=True)
class Categories:
    """The classes of a data set: label 0..C-1 is the position, `ids` are the file's own.

    Attributes:
        ids: The file's category ids, in its order.
        names: The class names, in the same order.
    """

    ids: tuple[int, ...]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        for what, values in (("ids", self.ids), ("names", self.names)):
            if (double := first_duplicate(values)) is not None:
                raise PodiumError(f"category {what} must be unique, but {double!r} stands twice")

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def label_of_id(self) -> dict[int, int]:
        """Label 0..C-1 by category id."""
        return {category_id: label for label, category_id in enumerate(self.ids)}

    @classmethod
    def from_names(cls, names: Sequence[str]) -> Categories:
        """Return classes whose ids are their labels, 0..C-1."""
        return cls(tuple(range(len(names))), tuple(names))
