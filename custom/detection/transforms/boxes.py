"""The boxes of a sample as arrays, and back, with labels and ignore flags in step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from mmdet.structures.bbox import HorizontalBoxes, get_box_tensor

from custom.errors import PodiumError

Image = npt.NDArray[Any]
Boxes = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Objects:
    """What is annotated on one image.

    Attributes:
        bboxes: Shape (N, 4), float32, xyxy, pixels.
        labels: Shape (N,), int64.
        ignore: Shape (N,), bool.
    """

    bboxes: Boxes
    labels: npt.NDArray[np.int64]
    ignore: npt.NDArray[np.bool_]

    def take(self, chosen: npt.NDArray[Any]) -> Objects:
        """Return the rows of an index or a mask."""
        return Objects(self.bboxes[chosen], self.labels[chosen], self.ignore[chosen])

    def with_bboxes(self, bboxes: Boxes) -> Objects:
        """Return the same objects at other places."""
        return Objects(bboxes.astype(np.float32).reshape(-1, 4), self.labels, self.ignore)

    def joined(self, other: Objects) -> Objects:
        """Return these objects and then the other's."""
        return Objects(
            np.concatenate([self.bboxes, other.bboxes]),
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.ignore, other.ignore]),
        )

    def clipped(self, shape_hw: tuple[int, int], min_visible: float = 0.0) -> Objects:
        """Return the objects limited to an image, without those of which too little remains.

        Args:
            shape_hw: Height and width of the image.
            min_visible: Smallest share of a box's area that keeps it; what has none goes anyway.
        """
        height, width = shape_hw
        bboxes = np.clip(self.bboxes, 0, np.array([width, height] * 2, np.float32))
        remaining = areas(bboxes)
        keep = (remaining > 0) & (remaining >= min_visible * areas(self.bboxes))
        return self.with_bboxes(bboxes).take(keep)


def areas(bboxes: Boxes) -> npt.NDArray[np.float32]:
    """Return the areas of xyxy boxes (N, 4), shape (N,)."""
    return (bboxes[:, 2] - bboxes[:, 0]) * (bboxes[:, 3] - bboxes[:, 1])


def get_objects(results: dict[str, Any]) -> Objects:
    """Return the objects of a sample.

    Raises:
        PodiumError: If the sample has masks, which would get out of step.
    """
    if "gt_masks" in results:
        raise PodiumError(
            "this transform moves boxes only, but the sample has masks; load the annotations "
            "with with_mask=False"
        )
    bboxes = np.asarray(get_box_tensor(results["gt_bboxes"]), np.float32).reshape(-1, 4)
    return Objects(
        bboxes,
        np.asarray(results["gt_bboxes_labels"], np.int64),
        np.asarray(results["gt_ignore_flags"], bool),
    )


def put_objects(results: dict[str, Any], objects: Objects) -> None:
    """Put objects into a sample, in the types that MMDetection's transforms expect."""
    results["gt_bboxes"] = HorizontalBoxes(np.ascontiguousarray(objects.bboxes, np.float32))
    results["gt_bboxes_labels"] = objects.labels
    results["gt_ignore_flags"] = objects.ignore


def put_image(results: dict[str, Any], image: Image) -> None:
    """Put an image into a sample, with its shape."""
    results["img"] = image
    results["img_shape"] = image.shape[:2]


def sample_rng() -> np.random.Generator:
    """Return a generator for one sample, from `numpy.random` as the data set seeded it."""
    return np.random.default_rng(np.random.randint(0, 2**32, size=2, dtype=np.uint32))


def partner_of(results: dict[str, Any], transform: str) -> Any:
    """Return what other samples are drawn from.

    Raises:
        PodiumError: If the data set offers none.
    """
    if "sample_source" not in results:
        raise PodiumError(
            f"{transform} mixes samples and needs CompetitionDataset, which offers them as "
            "`sample_source`; with another data set there is none"
        )
    return results["sample_source"]
