"""Bringing the models' boxes of an image together, in the order that the methods want."""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.compiled.jit import jit
from custom.ensemble.kernels.common import Pool, largest_image


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
def _merge_runs(
    keys: FloatArray, rows: IntArray, count: int, spare_keys: FloatArray, spare_rows: IntArray
) -> None:
    """Sort `keys` (N,) by falling value, `rows` with them, by merging the runs that are there.

    Models write a class's boxes by falling score, so that a group is about one run a model.
    """
    while True:
        read, runs = 0, 0
        while read < count:
            runs += 1
            left = read
            middle = left + 1
            while middle < count and keys[middle] <= keys[middle - 1]:
                middle += 1
            right = middle
            if right < count:
                right += 1
                while right < count and keys[right] <= keys[right - 1]:
                    right += 1
            a, b = left, middle
            for place in range(left, right):
                if b >= right or (a < middle and keys[a] >= keys[b]):
                    spare_keys[place], spare_rows[place] = keys[a], rows[a]
                    a += 1
                else:
                    spare_keys[place], spare_rows[place] = keys[b], rows[b]
                    b += 1
            read = right
        for place in range(count):
            keys[place], rows[place] = spare_keys[place], spare_rows[place]
        if runs <= 1:
            return


@jit
def _sort_group(
    scores: FloatArray,
    start: int,
    begin: int,
    count: int,
    order: np.ndarray,
    keys: FloatArray,
    rows: IntArray,
) -> bool:
    """Order one group's `count` rows by falling score; return whether two scores are equal.

    Equal scores come in the opposite order of numba's argsort, as in the reference's NMS.
    `keys` and `rows` (2, N) are scratch.
    """
    for position in range(count):
        rows[0, position] = order[begin + position]
        keys[0, position] = scores[start + rows[0, position]]
    _merge_runs(keys[0], rows[0], count, keys[1], rows[1])
    tied = False
    for position in range(1, count):
        tied |= keys[0, position] == keys[0, position - 1]
    if tied:
        for position in range(count):
            rows[0, position] = order[begin + position]
            keys[0, position] = scores[start + rows[0, position]]
        rising = np.argsort(keys[0, :count])
        for position in range(count):
            order[begin + position] = rows[0, rising[count - 1 - position]]
        return True
    for position in range(count):
        order[begin + position] = rows[0, position]
    return False


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
    tied: np.ndarray,
) -> None:
    """Order each image's rows by label, and inside a label by falling score or not at all.

    `order` (N,) gets positions counted from the image's first row. `tied` (N,) gets, where rows of
    a label begin of which two have equal scores, how many there are.
    """
    ends = np.zeros(max(num_labels, 1), np.int64)
    room = largest_image(offsets, first, last)
    keys, rows = np.empty((2, room)), np.empty((2, room), np.int64)
    for image in range(first, last):
        start, stop = offsets[image], offsets[image + 1]
        groups = _group_by_label(labels, start, stop, class_agnostic, ends, order)
        if not by_score:
            continue
        begin = 0
        for group in range(groups):
            if ends[group] - begin > 1:
                count = ends[group] - begin
                if _sort_group(scores, start, start + begin, count, order, keys, rows):
                    tied[start + begin] = count
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
    cluster_scores: FloatArray,
    cluster_labels: IntArray,
    count: int,
    size_hw: tuple[float, float],
    start: int,
    pool: Pool,
) -> None:
    """Write `count` clusters (5, N), in pixels, to an image's rows by falling score."""
    bboxes, scores, labels = pool.bboxes, pool.scores, pool.labels
    height, width = size_hw
    rising = np.argsort(cluster_scores[:count])
    for position in range(count):
        index, row = rising[count - 1 - position], start + position
        bboxes[row, 0] = clusters[0, index] * width
        bboxes[row, 1] = clusters[1, index] * height
        bboxes[row, 2] = clusters[2, index] * width
        bboxes[row, 3] = clusters[3, index] * height
        scores[row] = cluster_scores[index]
        labels[row] = cluster_labels[index]


@jit
def write_kept(kept: IntArray, kept_scores: FloatArray, count: int, start: int, pool: Pool) -> None:
    """Write the rows `kept` of an image, in that order, over its first rows."""
    bboxes, scores, labels = pool.bboxes, pool.scores, pool.labels
    kept_bboxes, kept_labels = np.empty((count, 4)), np.empty(count, np.int64)
    for position in range(count):
        for side in range(4):
            kept_bboxes[position, side] = bboxes[kept[position], side]
        kept_labels[position] = labels[kept[position]]
    for position in range(count):
        row = start + position
        for side in range(4):
            bboxes[row, side] = kept_bboxes[position, side]
        scores[row] = kept_scores[position]
        labels[row] = kept_labels[position]
