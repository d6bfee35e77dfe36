"""Annotations with errors planted by a seed, to measure what finds them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from custom.boxes import BoolArray, FloatArray, IntArray
from custom.tables import GroundTruth

# How far a box is shifted, relative to its sides: the IoU with the true box is 0.27 to 0.6.
SHIFT = (0.25, 0.5)


@dataclass(frozen=True, eq=False)
class Planted:
    """Annotations with errors.

    Attributes:
        gt: The annotations as they would be found.
        relabelled: Shape (N,), rows of `gt` with another class.
        shifted: Shape (N,), rows of `gt` with the box elsewhere.
        dropped: Shape (D, 4), the boxes that are not there.
        dropped_image: Shape (D,), the positions of their images.
    """

    gt: GroundTruth
    relabelled: BoolArray
    shifted: BoolArray
    dropped: FloatArray
    dropped_image: IntArray


def plant_errors(gt: GroundTruth, share: float = 0.05, seed: int = 0) -> Planted:
    """Drop, relabel and shift a share of the boxes each."""
    rng = np.random.default_rng(seed)
    count = round(gt.num_boxes * share)
    drop, relabel, shift = np.split(rng.permutation(gt.num_boxes)[: 3 * count], 3)
    labels, bboxes = gt.labels.copy(), gt.bboxes.copy()
    num_classes = len(gt.categories)
    labels[relabel] = (labels[relabel] + rng.integers(1, num_classes, count)) % num_classes
    bboxes[shift] = _shifted(gt, shift, rng)
    kept = np.ones(gt.num_boxes, bool)
    kept[drop] = False
    counts = np.bincount(gt.image_index[kept], minlength=len(gt.images))
    is_relabelled, is_shifted = (np.isin(np.arange(gt.num_boxes), r) for r in (relabel, shift))
    return Planted(
        GroundTruth(
            gt.images, gt.categories, np.concatenate([[0], np.cumsum(counts)]), bboxes[kept],
            labels[kept], gt.iscrowd[kept], gt.area[kept], gt.annotation_ids[kept],
        ),
        is_relabelled[kept], is_shifted[kept], gt.bboxes[drop], gt.image_index[drop],
    )  # fmt: skip


def _shifted(gt: GroundTruth, rows: IntArray, rng: np.random.Generator) -> FloatArray:
    """Return boxes moved in a random direction, inside of their images."""
    bboxes = gt.bboxes[rows]
    sides = bboxes[:, 2:] - bboxes[:, :2]
    angle = rng.uniform(0, 2 * np.pi, len(rows))
    distance = rng.uniform(*SHIFT, len(rows))[:, None]
    offset = np.column_stack([np.cos(angle), np.sin(angle)]) * distance * sides
    room = gt.images.sizes_hw[gt.image_index[rows]][:, ::-1] - sides
    corner = np.clip(bboxes[:, :2] + offset, 0, np.maximum(room, 0))
    return np.concatenate([corner, corner + sides], axis=1)
