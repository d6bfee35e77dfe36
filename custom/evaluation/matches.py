"""Detections matched to the ground truth once, kept for everything that is computed from it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from custom.boxes import BoolArray, FloatArray, IntArray
from custom.evaluation.counting import IGNORED, count_outcomes
from custom.evaluation.decisions import Decisions, decide
from custom.tables import Categories

Int8Array = npt.NDArray[np.int8]
Int32Array = npt.NDArray[np.int32]
Integers = npt.NDArray[np.integer]

COCO_IOU_THRS: tuple[float, ...] = tuple(np.linspace(0.5, 0.95, 10).tolist())
# COCO's size classes, in squared pixels of the annotation's area; both ends belong to a range.
COCO_AREAS: dict[str, tuple[float, float]] = {
    "all": (0.0, 1e10),
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e10),
}


@dataclass(frozen=True, eq=False)
class Matches:
    """Which detection hit what, for A area ranges and T IoU thresholds.

    The N detections are ordered by class, then by falling score; ties stand as in pycocotools,
    by ascending image id and then by row.

    Attributes:
        categories: The C classes.
        image_ids: Shape (I,), in the ground truth's order.
        iou_thrs: Shape (T,).
        areas: A names of area ranges.
        max_dets: Detections beyond this number of an image and class were ignored.
        class_offsets: Shape (C+1,); the range of each class.
        rows: Shape (N,), rows of the table of predictions.
        image_index: Shape (N,), positions of the detections' images.
        scores: Shape (N,).
        ranks: Shape (N,), the place among the image's detections of the class, from 0.
        outcomes: Shape (A, T, N): HIT, MISS or IGNORED, as `counting` has them.
        gt_image_index: Shape (G,), positions of the annotated boxes' images.
        gt_labels: Shape (G,).
        gt_ignored: Shape (A, G), boxes that do not count: crowds, and sizes outside the range.
        matched_gt: Shape (A, T, N), the row of the ground truth that a detection took, or -1; None
            if it was not asked for.
        rule: How detections took boxes, "coco", "voc" or "equal".
        items: Shape (N,), the image or region that each is a label of, where the rule is "equal"
            and classes exclude each other (`rival_items`); else None.
        groups: Shape (I,), which images belong together, see `Images.groups`; a bootstrap draws
            them as wholes. Empty where every image is alone.
    """

    categories: Categories
    image_ids: IntArray
    iou_thrs: FloatArray
    areas: tuple[str, ...]
    max_dets: int
    class_offsets: IntArray
    rows: IntArray
    image_index: Int32Array
    scores: FloatArray
    ranks: Int32Array
    outcomes: Int8Array
    gt_image_index: IntArray
    gt_labels: IntArray
    gt_ignored: BoolArray
    matched_gt: Int32Array | None = None
    rule: str = "coco"
    items: IntArray | None = None
    groups: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def num_images(self) -> int:
        """How many images there are, I."""
        return len(self.image_ids)

    @property
    def num_classes(self) -> int:
        """How many classes there are, C."""
        return len(self.categories)

    @property
    def labels(self) -> IntArray:
        """The class of each detection, shape (N,)."""
        return np.repeat(np.arange(self.num_classes), np.diff(self.class_offsets))

    @cached_property
    def num_gt(self) -> IntArray:
        """How many boxes count, by area range and class, shape (A, C)."""
        counts = [
            np.bincount(self.gt_labels[~ignored], minlength=self.num_classes)
            for ignored in self.gt_ignored
        ]
        return np.array(counts, dtype=np.int64).reshape(len(self.areas), self.num_classes)

    @cached_property
    def counts(self) -> tuple[IntArray, IntArray, IntArray]:
        """Hits (T, I, C), misses (T, I, C) and boxes that count (I, C), in the first area range."""
        shape = (self.num_images, self.num_classes)
        hits, misses = (np.zeros((len(self.iou_thrs), *shape), np.int64) for _ in range(2))
        count_outcomes(self.outcomes[0], self.image_index, self.class_offsets, hits, misses)
        return hits, misses, self._num_gt_by_image

    @cached_property
    def decisions(self) -> Decisions:
        """What the labels decide, where the rule is "equal"."""
        return decide(self)

    @cached_property
    def _num_gt_by_image(self) -> IntArray:
        shape, counted = (self.num_images, self.num_classes), ~self.gt_ignored[0]
        cells = self.gt_image_index[counted] * shape[1] + self.gt_labels[counted]
        return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)

    def without(self, dropped: BoolArray) -> Matches:
        """Return the matches with the detections where `dropped` (N,) is true left out of account.

        Right where a detection is only dropped together with all lower ones of its image and class,
        since a detection is matched by its own score and those above it alone.
        """
        return replace(self, outcomes=np.where(dropped, IGNORED, self.outcomes))

    def of_class(self, label: int) -> slice:
        """Return the detections of class `label`."""
        return slice(int(self.class_offsets[label]), int(self.class_offsets[label + 1]))
