"""Hits and misses by image and class: what a metric without a ranking adds up."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from custom.boxes import FloatArray, IntArray
from custom.compiled.jit import jit

# What became of a detection: the only place where the numbers stand.
HIT, MISS, IGNORED = np.int8(1), np.int8(0), np.int8(-1)


@jit
def count_outcomes(
    outcomes: npt.NDArray[np.int8],
    image_index: npt.NDArray[np.integer],
    class_offsets: IntArray,
    hits: IntArray,
    misses: IntArray,
) -> None:  # pragma: no cover
    """Add the outcomes (T, N) to `hits` and `misses`, both (T, I, C)."""
    for t in range(len(outcomes)):
        for label in range(len(class_offsets) - 1):
            for j in range(class_offsets[label], class_offsets[label + 1]):
                if outcomes[t, j] == HIT:
                    hits[t, image_index[j], label] += 1
                elif outcomes[t, j] == MISS:
                    misses[t, image_index[j], label] += 1


@jit
def mean_precisions(
    hits: IntArray,
    misses: IntArray,
    num_gt: IntArray,
    weights: FloatArray,
    sums: FloatArray,
    totals: FloatArray,
) -> None:  # pragma: no cover
    """Add up TP / (TP + FP + FN), the mean over thresholds, of the images that have something.

    Args:
        hits: Shape (T, I, C).
        misses: Shape (T, I, C).
        num_gt: Shape (I, C).
        weights: Shape (I,), how often each image stands in the data set.
        sums: Shape (C,), added to.
        totals: Shape (C,), the weights of the images with boxes or detections; added to.
    """
    num_thrs, num_images, num_classes = hits.shape
    for image in range(num_images):
        if weights[image] == 0:
            continue
        for label in range(num_classes):
            # The same at every threshold: ignored boxes apart, all are counted.
            if num_gt[image, label] + misses[0, image, label] == 0:
                continue
            total = 0.0
            for t in range(num_thrs):
                # TP + FN are the annotated boxes.
                union = misses[t, image, label] + num_gt[image, label]
                if union > 0:
                    total += hits[t, image, label] / union
            sums[label] += weights[image] * total / num_thrs
            totals[label] += weights[image]


@jit
def add_images(counts: IntArray, weights: FloatArray, sums: FloatArray) -> None:  # pragma: no cover
    """Add counts (K, I, C) over the images, each `weights` (I,) times, to `sums` (K, C)."""
    for k in range(len(counts)):
        for image in range(counts.shape[1]):
            for label in range(counts.shape[2]):
                sums[k, label] += weights[image] * counts[k, image, label]
