"""What a split is balanced by: a matrix of counts, one row an image, one column a feature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from custom.boxes import BoolArray, IntArray
from custom.tables import GroundTruth
from custom.tables.ground_truth import covers_whole_images

# COCO's limits in squared pixels: small < 32^2 <= medium < 96^2 <= large.
AREA_LIMITS = (32.0**2, 96.0**2)
AREA_NAMES = ("small", "medium", "large")
# Lower limits of the bins of boxes on an image; crowded images are rare and decide recall.
CROWD_LIMITS = (1, 2, 4, 8)
CROWD_NAMES = ("0", "1", "2-3", "4-7", "8+")
WITHOUT = "without class"


@dataclass(frozen=True, eq=False)
class Features:
    """Counts that each fold should hold its share of.

    Attributes:
        counts: Shape (I, F), int64, for each image: 1, boxes by class, by area, and a one in
            the bin of its number of boxes; of labels of whole images a one for each class that
            the image is known not to have.
        kinds: F words: "images", "class", "area" or "boxes per image"; of labels of whole images
            "images", "class" and "without class".
        names: F names within the kind.
    """

    counts: IntArray
    kinds: tuple[str, ...]
    names: tuple[str, ...]

    def columns(self, kind: str) -> BoolArray:
        """Return, shape (F,), where a column is of this kind."""
        return np.array([other == kind for other in self.kinds])


def count_features(gt: GroundTruth) -> Features:
    """Count what the folds are balanced by; crowd boxes are not scored and count nowhere."""
    counted = ~gt.iscrowd
    image_index = gt.image_index[counted]
    num_images = len(gt.images)
    by_class = _histogram(image_index, gt.labels[counted], num_images, len(gt.categories))
    if covers_whole_images(gt):
        return _features_of_labels(gt, by_class)
    area_bin = np.digitize(gt.area[counted], AREA_LIMITS)
    by_area = _histogram(image_index, area_bin, num_images, len(AREA_NAMES))
    crowd_bin = np.digitize(by_class.sum(axis=1), CROWD_LIMITS)
    crowd = _histogram(np.arange(num_images), crowd_bin, num_images, len(CROWD_NAMES))
    return _joined(
        {
            "images": (np.ones((num_images, 1), np.int64), ("images",)),
            "class": (by_class, gt.categories.names),
            "area": (by_area, AREA_NAMES),
            "boxes per image": (crowd, CROWD_NAMES),
        }
    )


def _features_of_labels(gt: GroundTruth, by_class: IntArray) -> Features:
    """Count images with and without each class; where that is unknown they count as neither."""
    shape = len(gt.images), len(gt.categories)
    unknown = _histogram(gt.image_index[gt.iscrowd], gt.labels[gt.iscrowd], *shape)
    has = np.minimum(by_class, 1)
    return _joined(
        {
            "images": (np.ones((shape[0], 1), np.int64), ("images",)),
            "class": (has, gt.categories.names),
            WITHOUT: ((has + unknown == 0).astype(np.int64), gt.categories.names),
        }
    )


def _joined(parts: Mapping[str, tuple[IntArray, tuple[str, ...]]]) -> Features:
    """Return the columns of all kinds side by side."""
    return Features(
        counts=np.concatenate([block for block, _ in parts.values()], axis=1),
        kinds=tuple(kind for kind, (_, names) in parts.items() for _ in names),
        names=tuple(str(name) for _, names in parts.values() for name in names),
    )


def _histogram(rows: IntArray, bins: IntArray, num_rows: int, num_bins: int) -> IntArray:
    """Return how often each bin stands in each row, shape (num_rows, num_bins)."""
    flat = np.bincount(rows * num_bins + bins, minlength=num_rows * num_bins)
    return flat.reshape(num_rows, num_bins).astype(np.int64)
