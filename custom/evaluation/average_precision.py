"""Average precision and recall of matched detections, with or without weights on the images."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from custom.boxes import FloatArray, IntArray
from custom.compiled.jit import jit
from custom.errors import PodiumError
from custom.evaluation.counting import HIT, MISS
from custom.evaluation.matches import Int32Array, Integers, Matches

# COCO reads the precision at these recalls.
RECALL_THRS: FloatArray = np.linspace(0.0, 1.0, 101, dtype=np.float64)


def average_precision(
    matches: Matches,
    area: str = "all",
    max_dets: int | None = None,
    image_weights: npt.ArrayLike | None = None,
    all_points: bool = False,
) -> FloatArray:
    """Return the average precision by IoU threshold and class, shape (T, C).

    Args:
        matches: From `match`.
        area: One of the area ranges matched.
        max_dets: How many detections of an image and class count; all that were matched if None.
        image_weights: Shape (I,), whole numbers: how often each image stands in the data set.
        all_points: Integrate under every point of the curve (PASCAL VOC 2010) in place of COCO's
            mean over 101 recalls.

    Returns:
        NaN for a class without boxes that count.
    """
    kernel_args = _kernel_args(matches, area, max_dets, image_weights)
    values = np.full((len(matches.iou_thrs), matches.num_classes), np.nan)
    thrs = np.zeros(0) if all_points else RECALL_THRS
    ap_of_classes(values, *(*kernel_args, thrs))
    return values


def average_recall(
    matches: Matches,
    area: str = "all",
    max_dets: int | None = None,
    image_weights: npt.ArrayLike | None = None,
) -> FloatArray:
    """Return the share of boxes found by IoU threshold and class, shape (T, C); see above."""
    kernel_args = _kernel_args(matches, area, max_dets, image_weights)
    values = np.full((len(matches.iou_thrs), matches.num_classes), np.nan)
    recall_of_classes(values, *kernel_args)
    return values


def weighted_num_gt(matches: Matches, area: int, image_weights: Integers) -> IntArray:
    """Return how many boxes count, by class (C,), when images stand `image_weights` times."""
    counted = ~matches.gt_ignored[area]
    weights = image_weights[matches.gt_image_index[counted]]
    counts = np.bincount(matches.gt_labels[counted], weights, minlength=matches.num_classes)
    return counts.astype(np.int64)


def _kernel_args(
    matches: Matches, area: str, max_dets: int | None, image_weights: npt.ArrayLike | None
) -> tuple[Any, ...]:
    if area not in matches.areas:
        raise PodiumError(f"area must be among those matched, {matches.areas}, but is {area!r}")
    limit = matches.max_dets if max_dets is None else max_dets
    if not 1 <= limit <= matches.max_dets:
        raise PodiumError(
            f"max_dets must be 1 to {matches.max_dets}, the number matched, but is {limit}"
        )
    index = matches.areas.index(area)
    if image_weights is None:
        weights: Int32Array = np.ones(matches.num_images, np.int32)
        num_gt = matches.num_gt[index]
    else:
        weights = _checked_weights(matches, image_weights)
        num_gt = weighted_num_gt(matches, index, weights)
    return (
        matches.outcomes[index], matches.class_offsets, matches.image_index, matches.ranks,
        num_gt, weights, limit,
    )  # fmt: skip


def _checked_weights(matches: Matches, image_weights: npt.ArrayLike) -> Int32Array:
    weights: npt.NDArray[Any] = np.asarray(image_weights)
    if weights.shape != (matches.num_images,) or not np.issubdtype(weights.dtype, np.integer):
        raise PodiumError(
            f"image_weights must be {matches.num_images} whole numbers, one an image, but have "
            f"shape {weights.shape} and type {weights.dtype}"
        )
    if len(weights) and weights.min() < 0:
        raise PodiumError(f"image_weights must be at least 0, but one is {weights.min()}")
    return weights.astype(np.int32)


@jit
def ap_of_class(
    outcomes: Integers,
    image_index: Integers,
    ranks: Integers,
    num_gt: int,
    weights: Integers,
    max_dets: int,
    recall_thrs: FloatArray,
    precision: FloatArray,
    hits: IntArray,
) -> float:  # pragma: no cover
    """Return the AP of one class at one IoU threshold.

    Args:
        outcomes: Shape (N,), by falling score.
        image_index: Shape (N,).
        ranks: Shape (N,).
        num_gt: How many boxes count, weighted.
        weights: Shape (I,).
        max_dets: Detections of this rank and beyond do not count.
        recall_thrs: Where the precision is read; empty integrates under every point.
        precision: Scratch, shape (N,) or more.
        hits: Scratch, shape (N,) or more.
    """
    num_points, tp, fp = 0, 0, 0
    for j in range(len(outcomes)):
        if ranks[j] >= max_dets:
            continue
        if outcomes[j] == HIT:
            weight = weights[image_index[j]]
            if weight > 0:
                tp += weight
                precision[num_points] = tp / (fp + tp)
                hits[num_points] = tp
                num_points += 1
        elif outcomes[j] == MISS:
            fp += weights[image_index[j]]
    # Only hits raise the curve, so the envelope over them is the envelope over all.
    for k in range(num_points - 2, -1, -1):
        precision[k] = max(precision[k], precision[k + 1])
    total = 0.0
    if len(recall_thrs) == 0:
        before = 0
        for k in range(num_points):
            total += precision[k] * (hits[k] - before)
            before = hits[k]
        return total / num_gt
    k = 0
    for recall_thr in recall_thrs:
        while k < num_points and hits[k] / num_gt < recall_thr:
            k += 1
        if k == num_points:
            break
        total += precision[k]
    return total / len(recall_thrs)


@jit
def ap_of_classes(
    values: FloatArray,
    outcomes: Integers,
    class_offsets: IntArray,
    image_index: Integers,
    ranks: Integers,
    num_gt: IntArray,
    weights: Integers,
    max_dets: int,
    recall_thrs: FloatArray,
) -> None:  # pragma: no cover
    """Write the AP by IoU threshold and class to `values` (T, C), where there are boxes."""
    longest = 0
    for label in range(len(num_gt)):
        longest = max(longest, class_offsets[label + 1] - class_offsets[label])
    precision, hits = np.empty(longest), np.empty(longest, np.int64)
    for label in range(len(num_gt)):
        if num_gt[label] == 0:
            continue
        a, b = class_offsets[label], class_offsets[label + 1]
        for t in range(len(outcomes)):
            values[t, label] = ap_of_class(
                outcomes[t, a:b], image_index[a:b], ranks[a:b], num_gt[label], weights,
                max_dets, recall_thrs, precision, hits,
            )  # fmt: skip


@jit
def mean_ap_of_classes(
    values: FloatArray,
    weights: Integers,
    gt_image_index: IntArray,
    gt_labels: IntArray,
    outcomes: Integers,
    class_offsets: IntArray,
    image_index: Integers,
    ranks: Integers,
    max_dets: int,
    recall_thrs: FloatArray,
    num_gt: IntArray,
    precision: FloatArray,
    hits: IntArray,
) -> None:  # pragma: no cover
    """Write the AP by class, the mean over the IoU thresholds, to `values` (C,), where boxes count.

    Args:
        values: Shape (C,), left alone for a class without boxes.
        weights: Shape (I,), how often each image counts.
        gt_image_index: Shape (M,), of the boxes that count.
        gt_labels: Shape (M,).
        outcomes: Shape (T, N).
        class_offsets: Shape (C+1,).
        image_index: Shape (N,).
        ranks: Shape (N,).
        max_dets: Detections of this rank and beyond do not count.
        recall_thrs: Where the precision is read.
        num_gt: Scratch, shape (C,).
        precision: Scratch, shape (N,).
        hits: Scratch, shape (N,).
    """
    num_gt[:] = 0
    for g in range(len(gt_labels)):
        num_gt[gt_labels[g]] += weights[gt_image_index[g]]
    for label in range(len(num_gt)):
        if num_gt[label] == 0:
            continue
        a, b = class_offsets[label], class_offsets[label + 1]
        value = 0.0
        for t in range(len(outcomes)):
            value += ap_of_class(
                outcomes[t, a:b], image_index[a:b], ranks[a:b], num_gt[label], weights,
                max_dets, recall_thrs, precision, hits,
            )  # fmt: skip
        values[label] = value / len(outcomes)


@jit
def recall_of_classes(
    values: FloatArray,
    outcomes: Integers,
    class_offsets: IntArray,
    image_index: Integers,
    ranks: Integers,
    num_gt: IntArray,
    weights: Integers,
    max_dets: int,
) -> None:  # pragma: no cover
    """Write the share of boxes found to `values` (T, C), where there are boxes."""
    for label in range(len(num_gt)):
        if num_gt[label] == 0:
            continue
        for t in range(len(outcomes)):
            found = 0
            for j in range(class_offsets[label], class_offsets[label + 1]):
                if ranks[j] < max_dets and outcomes[t, j] == HIT:
                    found += weights[image_index[j]]
            values[t, label] = found / num_gt[label]
