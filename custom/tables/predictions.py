"""What a model found: boxes with scores and labels, image by image."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from custom.boxes import BoolArray, FloatArray, IntArray
from custom.errors import PodiumError
from custom.tables.images import first_duplicate, frozen
from custom.tables.rows import group_by_image, image_index_of, rows_of_images


@dataclass(frozen=True, eq=False)
class Predictions:
    """Detections of one model on a list of images, as flat columns.

    An image that the model looked at and found nothing on is in the table, with no boxes:
    that is evidence, and fusing counts it.

    Attributes:
        image_ids: Shape (I,), every image that the model looked at.
        offsets: Shape (I+1,); rows `offsets[i]:offsets[i+1]` belong to image i.
        bboxes: Shape (N, 4), xyxy, absolute pixels.
        scores: Shape (N,), in [0, 1].
        labels: Shape (N,), 0..C-1.
        source: The file they were read from, for messages.
    """

    image_ids: IntArray
    offsets: IntArray
    bboxes: FloatArray
    scores: FloatArray
    labels: IntArray
    source: str = ""

    def __post_init__(self) -> None:
        for name, dtype in (
            ("image_ids", np.int64),
            ("offsets", np.int64),
            ("bboxes", np.float64),
            ("scores", np.float64),
            ("labels", np.int64),
        ):
            object.__setattr__(self, name, frozen(getattr(self, name), dtype))
        self._check_shapes()

    def _check_shapes(self) -> None:
        num_boxes = len(self.scores)
        expected = {
            "offsets": (len(self.image_ids) + 1,),
            "bboxes": (num_boxes, 4),
            "labels": (num_boxes,),
        }
        for name, shape in expected.items():
            if (found := getattr(self, name).shape) != shape:
                raise PodiumError(f"{self.source}: {name} must have shape {shape}, but has {found}")
        if (
            self.offsets[0] != 0
            or self.offsets[-1] != num_boxes
            or (np.diff(self.offsets) < 0).any()
        ):
            raise PodiumError(f"{self.source}: offsets must rise from 0 to {num_boxes}")
        if (double := first_duplicate(self.image_ids)) is not None:
            raise PodiumError(f"{self.source}: image ids must be unique, but {double} stands twice")

    @classmethod
    def from_rows(
        cls,
        image_ids: npt.ArrayLike,
        image_index: npt.ArrayLike,
        bboxes: npt.ArrayLike,
        scores: npt.ArrayLike,
        labels: npt.ArrayLike,
        source: str = "",
    ) -> Predictions:
        """Build the table from rows in any order; within an image their order is kept.

        Args:
            image_ids: Shape (I,), every image that the model looked at.
            image_index: Shape (N,), the position of each row's image in `image_ids`.
            bboxes: Shape (N, 4), xyxy, absolute pixels.
            scores: Shape (N,).
            labels: Shape (N,), 0..C-1.
            source: Where the rows come from, for messages.
        """
        ids = np.asarray(image_ids, dtype=np.int64)
        order, offsets = group_by_image(np.asarray(image_index, dtype=np.int64), len(ids))
        flat = np.asarray(bboxes, dtype=np.float64).reshape(-1, 4)
        ordered = (flat[order], np.asarray(scores)[order], np.asarray(labels)[order])
        return cls(ids, offsets, *ordered, source=source)

    @classmethod
    def empty(cls, image_ids: npt.ArrayLike, source: str = "") -> Predictions:
        """Return a table in which nothing was found on any of the images."""
        return cls.from_rows(image_ids, [], [], [], [], source)

    @property
    def num_images(self) -> int:
        """How many images the model looked at."""
        return len(self.image_ids)

    @property
    def num_boxes(self) -> int:
        """How many boxes it found on all of them."""
        return len(self.scores)

    @property
    def image_index(self) -> IntArray:
        """The position of each box's image, shape (N,)."""
        return image_index_of(self.offsets)

    @cached_property
    def content_hash(self) -> str:
        """The SHA-256 of the content: what identifies a table, whatever file it came from."""
        digest = hashlib.sha256()
        for name in ("image_ids", "offsets", "bboxes", "scores", "labels"):
            digest.update(np.ascontiguousarray(getattr(self, name)).data)
        return digest.hexdigest()

    def rows(self, index: int) -> slice:
        """Return the rows of the image at position `index`."""
        return slice(int(self.offsets[index]), int(self.offsets[index + 1]))

    def take(self, indices: npt.ArrayLike) -> Predictions:
        """Return the images at positions `indices`, in that order, with their boxes."""
        chosen = np.asarray(indices, dtype=np.int64)
        if np.array_equal(chosen, np.arange(self.num_images)):
            return self  # nothing in it can change, so that no copy is needed
        rows, offsets = rows_of_images(self.offsets, chosen)
        columns = (self.bboxes[rows], self.scores[rows], self.labels[rows])
        return Predictions(self.image_ids[chosen], offsets, *columns, source=self.source)

    def aligned_to(self, image_ids: npt.ArrayLike) -> Predictions:
        """Return the table with exactly `image_ids`, in that order.

        Raises:
            PodiumError: If an image is not in the table: it was not looked at, which is not the
                same as "nothing found".
        """
        position = {image_id: i for i, image_id in enumerate(self.image_ids.tolist())}
        wanted = np.asarray(image_ids, dtype=np.int64)
        missing = [image_id for image_id in wanted.tolist() if image_id not in position]
        if missing:
            raise PodiumError(
                f"{self.source or 'predictions'} must cover {len(wanted)} images, but misses "
                f"{len(missing)} of them, the first with id {missing[0]}; predict on these first"
            )
        return self.take([position[image_id] for image_id in wanted.tolist()])

    def keep(self, mask: BoolArray) -> Predictions:
        """Return the table with the boxes where `mask` (N,) is true; all images stay."""
        counts = np.bincount(self.image_index[mask], minlength=self.num_images)
        offsets = np.concatenate([[0], np.cumsum(counts)])
        columns = (self.bboxes[mask], self.scores[mask], self.labels[mask])
        return Predictions(self.image_ids, offsets, *columns, source=self.source)

    def with_columns(self, **columns: npt.NDArray[np.generic]) -> Predictions:
        """Return the table with some of its columns replaced."""
        return replace(self, **columns)  # type: ignore[arg-type]


def concatenate(tables: Sequence[Predictions], source: str = "") -> Predictions:
    """Return one table of the images of several, in their order.

    Raises:
        PodiumError: If an image stands in two of them.
    """
    starts = np.cumsum([0] + [table.num_images for table in tables])
    index = [table.image_index + start for table, start in zip(tables, starts, strict=False)]
    return Predictions.from_rows(
        np.concatenate([table.image_ids for table in tables]),
        np.concatenate(index),
        np.concatenate([table.bboxes for table in tables]),
        np.concatenate([table.scores for table in tables]),
        np.concatenate([table.labels for table in tables]),
        source,
    )
