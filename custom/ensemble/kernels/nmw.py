"""Non-maximum weighted: what NMS would remove pulls the box that stays, by overlap and score."""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.compiled.jit import jit
from custom.ensemble.kernels.common import (
    NUM_ROWS,
    Pool,
    add_rounded,
    best_overlap,
    copy_box,
    end_of_group,
    largest_image,
    load_group,
    set_mean,
    size_of,
)
from custom.ensemble.kernels.rows import write_clusters


@jit
def _cluster_group(
    boxes: FloatArray,
    rows: IntArray,
    count: int,
    scores: FloatArray,
    iou_thr: float,
    mains: FloatArray,
    main_rows: IntArray,
    sums: np.ndarray,
    factors: FloatArray,
    ious: FloatArray,
) -> int:
    """Cluster the first `count` boxes of `boxes` (5, N), by falling score; return how many.

    What joins is decided by the overlap with a cluster's best box; afterwards that box becomes
    the mean of the members, weighted by score and by that overlap.
    """
    found = 0
    for box in range(count):
        index = best_overlap(boxes, box, mains, found, iou_thr, ious)
        if index < 0:
            index = found
            found += 1
            copy_box(boxes, box, mains, index)
            main_rows[index] = rows[box]
            factors[index] = 0.0
            for side in range(4):
                sums[side, index] = 0.0
            width, height = boxes[2, box] - boxes[0, box], boxes[3, box] - boxes[1, box]
            ious[index] = width * height / (boxes[4, box] + boxes[4, box] - width * height)
        factor = scores[rows[box]] * ious[index]
        add_rounded(sums, index, boxes, box, factor)
        factors[index] += factor
    for index in range(found):
        if factors[index] > 0.0:
            set_mean(mains, index, sums, factors[index])
    return found


@jit
def fuse_nmw(
    first: int,
    last: int,
    pool: Pool,
    iou_thr: float,
) -> None:
    """Replace each image's rows by one box per cluster; `counts` (I,) says how many.

    Source: Zhou et al. 2017, CAD: scale invariant framework for real-time object detection.
    """
    offsets, scores, labels = pool.offsets, pool.scores, pool.labels
    room = largest_image(offsets, first, last)
    boxes, rows = np.empty((NUM_ROWS, room)), np.empty(room, np.int64)
    mains, main_rows = np.empty((NUM_ROWS, room)), np.empty(room, np.int64)
    sums, factors, ious = np.empty((4, room), np.float32), np.empty(room), np.empty(room)
    fused, fused_scores = np.empty((NUM_ROWS, room)), np.empty(room)
    fused_labels = np.empty(room, np.int64)
    for image in range(first, last):
        start, count = offsets[image], offsets[image + 1] - offsets[image]
        size_hw = size_of(pool, image)
        begin, total = 0, 0
        while begin < count:
            end = end_of_group(pool, start, begin, count)
            load_group(pool, start, begin, end, size_hw, boxes, rows)
            found = _cluster_group(
                boxes, rows, end - begin, scores, iou_thr, mains, main_rows, sums, factors, ious
            )
            for index in range(found):
                fused_labels[total] = labels[main_rows[index]]
                # the reference returns single precision
                fused_scores[total] = float(np.float32(scores[main_rows[index]]))
                copy_box(mains, index, fused, total)
                total += 1
            begin = end
        write_clusters(fused, fused_scores, fused_labels, total, size_hw, start, pool)
        pool.counts[image] = total
