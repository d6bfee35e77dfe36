"""How far pseudo-labels are from the annotations that they join: classes, sizes, boxes an image.

A few classes, sizes or crowded images that a model finds easily come to dominate what the next one
is trained on, which is how many pseudo-label runs fail.
"""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray, box_areas
from custom.tables import GroundTruth, Images, Predictions

# Largest difference of two distributions that is let pass: shares of classes (total variation),
# sizes and counts (Kolmogorov and Smirnov). Random fifths of the trash annotations differ from the
# rest by at most 0.06, 0.03 and 0.04.
ALLOWED = 0.15


def ks_distance(first: FloatArray, second: FloatArray) -> float:
    """Return the largest difference of two samples' distribution functions, 0 to 1."""
    if not len(first) or not len(second):
        return 1.0
    points = np.concatenate([first, second])
    below = [np.searchsorted(np.sort(s), points, side="right") / len(s) for s in (first, second)]
    return float(np.abs(below[0] - below[1]).max())


def drift_warnings(gt: GroundTruth, labels: Predictions, images: Images) -> list[str]:
    """Return a sentence for each way in which the added boxes differ from the annotated ones.

    Args:
        gt: The annotations that are joined.
        labels: The added boxes, on exactly `images`.
        images: The images that got boxes.
    """
    if not labels.num_boxes or not gt.num_boxes:
        return ["there are no boxes to compare"]
    checks = (_classes(gt, labels), _sizes(gt, labels, images), _counts(gt, labels))
    return [sentence for sentence in checks if sentence]


def _classes(gt: GroundTruth, labels: Predictions) -> str:
    num_classes = len(gt.categories)
    before = np.bincount(gt.labels, minlength=num_classes) / gt.num_boxes
    added = np.bincount(labels.labels, minlength=num_classes) / labels.num_boxes
    distance = 0.5 * float(np.abs(before - added).sum())
    if distance <= ALLOWED:
        return ""
    label = int(np.argmax(np.abs(before - added)))
    return (
        f"classes drift by {distance:.0%}: {gt.categories.names[label]} is {added[label]:.0%} of "
        f"the added boxes, {before[label]:.0%} of the annotated"
    )


def _sizes(gt: GroundTruth, labels: Predictions, images: Images) -> str:
    """Compare sides as shares of the image's, the square root of the areas' ratio."""
    of_gt = np.sqrt(box_areas(gt.bboxes) / gt.images.sizes_hw.prod(axis=1)[gt.image_index])
    of_labels = np.sqrt(box_areas(labels.bboxes) / images.sizes_hw.prod(axis=1)[labels.image_index])
    distance = ks_distance(of_gt, of_labels)
    if distance <= ALLOWED:
        return ""
    return (
        f"sizes drift by {distance:.0%}: the median side is {np.median(of_labels):.0%} of the "
        f"image's among the added boxes, {np.median(of_gt):.0%} among the annotated"
    )


def _counts(gt: GroundTruth, labels: Predictions) -> str:
    """Compare boxes an image, on images that have some."""
    before, added = np.diff(gt.offsets), np.diff(labels.offsets)
    before, added = before[before > 0], added[added > 0]
    distance = ks_distance(before.astype(np.float64), added.astype(np.float64))
    if distance <= ALLOWED:
        return ""
    fewer = "; missing boxes are trained on as background" if added.mean() < before.mean() else ""
    return (
        f"boxes an image drift by {distance:.0%}: {added.mean():.1f} on average among the added, "
        f"{before.mean():.1f} among the annotated{fewer}"
    )
