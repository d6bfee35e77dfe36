"""Bringing the models' boxes of an image together, in the order that the methods want."""

from __future__ import annotations

import numpy as np

from custom.boxes import BoolArray, FloatArray, IntArray
from custom.ensemble.kernels.common import jit, largest_image


@jit
def count_rows(
    first: int,
    last: int,
    offsets: IntArray,
    scores: FloatArray,
    skip_box_thr: float,
    counts: IntArray,
) -> None:
    """Add to each image's count (I,) how many boxes of a model reach the score."""
    for image in range(first, last):
        for row in range(offsets[image], offsets[image + 1]):
            if scores[row] >= skip_box_thr:
                counts[image] += 1


@jit
def gather_rows(
    first: int,
    last: int,
    offsets: IntArray,
    bboxes: FloatArray,
    scores: FloatArray,
    labels: IntArray,
    skip_box_thr: float,
    model: int,
    weight: float,
    divisor: float,
    cursor: IntArray,
    out_bboxes: FloatArray,
    out_scores: FloatArray,
    out_labels: IntArray,
    out_models: np.ndarray,
) -> None:
    """Append a model's boxes that reach the score to each image's rows; moves `cursor` (I,) on."""
    for image in range(first, last):
        target = cursor[image]
        for row in range(offsets[image], offsets[image + 1]):
            if scores[row] >= skip_box_thr:
                for side in range(4):
                    out_bboxes[target, side] = bboxes[row, side]
                out_scores[target] = scores[row] * weight / divisor
                out_labels[target] = labels[row]
                out_models[target] = model
                target += 1
        cursor[image] = target


@jit
def _group_by_label(
    labels: IntArray, start: int, stop: int, class_agnostic: bool, ends: IntArray, order: np.ndarray
) -> int:
    """Order an image's rows by label, stable; `ends[g]` is where group g ends. Return how many."""
    if class_agnostic:
        for position in range(stop - start):
            order[start + position] = position
        ends[0] = stop - start
        return 1 if stop > start else 0
    ends[:] = 0
    for row in range(start, stop):
        ends[labels[row]] += 1
    position = 0
    for label in range(len(ends)):
        count = ends[label]
        ends[label] = position
        position += count
    for row in range(start, stop):
        order[start + ends[labels[row]]] = row - start
        ends[labels[row]] += 1
    return len(ends)


@jit
def _sort_group(scores: FloatArray, start: int, group: np.ndarray, values: FloatArray) -> bool:
    """Order one group's rows by falling score; return whether two scores are equal."""
    count = len(group)
    for position in range(count):
        values[position] = scores[start + group[position]]
    rising = np.argsort(values[:count])
    unsorted = group.copy()
    tied = False
    for position in range(count):
        group[position] = unsorted[rising[count - 1 - position]]
        if position > 0:
            tied |= scores[start + group[position]] == scores[start + group[position - 1]]
    return tied


@jit
def order_rows(
    first: int,
    last: int,
    offsets: IntArray,
    scores: FloatArray,
    labels: IntArray,
    num_labels: int,
    class_agnostic: bool,
    by_score: bool,
    order: np.ndarray,
    tied: BoolArray,
) -> None:
    """Order each image's rows by label, and inside a label by falling score or not at all.

    `order` (N,) gets positions counted from the image's first row; `tied` (I,) where scores of
    one label are equal, so that the order among these is only one of several.
    """
    ends = np.zeros(max(num_labels, 1), np.int64)
    values = np.empty(largest_image(offsets, first, last))
    for image in range(first, last):
        start, stop = offsets[image], offsets[image + 1]
        groups = _group_by_label(labels, start, stop, class_agnostic, ends, order)
        if not by_score:
            continue
        begin = 0
        for group in range(groups):
            if ends[group] - begin > 1:
                rows = order[start + begin : start + ends[group]]
                tied[image] |= _sort_group(scores, start, rows, values)
            begin = ends[group]


@jit
def compact_rows(
    offsets: IntArray,
    fused_offsets: IntArray,
    bboxes: FloatArray,
    scores: FloatArray,
    labels: IntArray,
) -> None:
    """Move each image's first rows together, in place, to where `fused_offsets` (I+1,) say."""
    for image in range(len(offsets) - 1):
        shift = offsets[image] - fused_offsets[image]
        if shift == 0:
            continue
        for row in range(fused_offsets[image], fused_offsets[image + 1]):
            for side in range(4):
                bboxes[row, side] = bboxes[row + shift, side]
            scores[row] = scores[row + shift]
            labels[row] = labels[row + shift]


@jit
def write_clusters(
    clusters: FloatArray,
    cluster_labels: FloatArray,
    cluster_scores: FloatArray,
    size_hw: IntArray,
    bboxes: FloatArray,
    scores: FloatArray,
    labels: IntArray,
) -> None:
    """Write clusters, whose box is in columns 0 to 3, to an image's rows by falling score."""
    found = len(cluster_scores)
    rising = np.argsort(cluster_scores)
    for position in range(found):
        index = rising[found - 1 - position]
        for side in range(4):
            bboxes[position, side] = clusters[index, side] * size_hw[1 - side % 2]
        scores[position] = cluster_scores[index]
        labels[position] = int(cluster_labels[index])


@jit
def write_kept(
    kept: IntArray,
    kept_scores: FloatArray,
    bboxes: FloatArray,
    scores: FloatArray,
    labels: IntArray,
) -> None:
    """Write the rows `kept` of an image, in that order, over its first rows."""
    kept_bboxes, kept_labels = np.empty((len(kept), 4)), np.empty(len(kept), np.int64)
    for position in range(len(kept)):
        kept_bboxes[position] = bboxes[kept[position]]
        kept_labels[position] = labels[kept[position]]
    for position in range(len(kept)):
        bboxes[position] = kept_bboxes[position]
        scores[position] = kept_scores[position]
        labels[position] = kept_labels[position]
