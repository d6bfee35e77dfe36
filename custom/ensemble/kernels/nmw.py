"""Non-maximum weighted: what NMS would remove pulls the box that stays, by overlap and score."""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.ensemble.kernels.common import (
    add_rounded,
    area,
    best_overlap,
    intersection,
    jit,
    largest_image,
    normalise,
)
from custom.ensemble.kernels.rows import write_clusters


@jit
def fuse_nmw(
    first: int,
    last: int,
    offsets: IntArray,
    order: np.ndarray,
    sizes_hw: IntArray,
    bboxes: FloatArray,
    scores: FloatArray,
    labels: IntArray,
    iou_thr: float,
    class_agnostic: bool,
    counts: IntArray,
) -> None:
    """Replace each image's rows by one box per cluster; `counts` (I,) says how many.

    Source: Zhou et al. 2017, CAD: scale invariant framework for real-time object detection.
    """
    room = largest_image(offsets, first, last)
    mains, sums = np.empty((room, 5)), np.empty((room, 4), np.float32)  # box and area
    factors, best_scores = np.empty(room), np.empty(room)
    main_labels, box = np.empty(room), np.empty(4)
    for image in range(first, last):
        start = offsets[image]
        found, group = 0, 0  # main boxes so far, and the first with the label at hand
        for position in range(offsets[image + 1] - start):
            row = start + order[start + position]
            if not class_agnostic and found > 0 and labels[row] != main_labels[found - 1]:
                group = found
            normalise(bboxes[row], sizes_hw[image], box)
            index, iou = best_overlap(box, mains, group, found, iou_thr)
            if index < 0:
                index = found
                found += 1
                mains[index, :4] = box
                mains[index, 4] = area(box)
                main_labels[index] = labels[row]
                best_scores[index] = float(np.float32(scores[row]))
                sums[index], factors[index] = 0.0, 0.0
                common = intersection(box, box)
                iou = common / (area(box) + area(box) - common)
            add_rounded(sums[index], box, scores[row] * iou)
            factors[index] += scores[row] * iou
        for index in range(found):
            if factors[index] > 0.0:
                for side in range(4):
                    pulled = float(sums[index, side]) / factors[index]
                    mains[index, side] = float(np.float32(pulled))
        write_clusters(
            mains, main_labels, best_scores[:found], sizes_hw[image],
            bboxes[start:], scores[start:], labels[start:],
        )  # fmt: skip
        counts[image] = found
