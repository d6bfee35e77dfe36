"""Non-maximum suppression: of overlapping boxes the best stays; hard, distance-aware and soft."""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.ensemble.kernels.common import area, intersection, jit, largest_image, normalise
from custom.ensemble.kernels.rows import write_kept

LINEAR, GAUSSIAN = 1, 2


@jit
def _distance_penalty(a: FloatArray, b: FloatArray, size_hw: IntArray) -> float:
    """Return the squared distance of two centres by the squared diagonal of both boxes' hull."""
    height, width = float(size_hw[0]), float(size_hw[1])
    dx = (a[0] + a[2] - b[0] - b[2]) / 2.0 * width
    dy = (a[1] + a[3] - b[1] - b[3]) / 2.0 * height
    hull_w = (max(a[2], b[2]) - min(a[0], b[0])) * width
    hull_h = (max(a[3], b[3]) - min(a[1], b[1])) * height
    return (dx * dx + dy * dy) / (hull_w * hull_w + hull_h * hull_h)


@jit
def _suppress_group(
    boxes: FloatArray, size_hw: IntArray, iou_thr: float, by_distance: bool, gone: np.ndarray
) -> None:
    """Mark in `gone` (N,) the boxes, by falling score, that one before them suppresses."""
    for best in range(len(boxes)):
        if gone[best]:
            continue
        best_area = area(boxes[best])
        for other in range(best + 1, len(boxes)):
            common = intersection(boxes[best], boxes[other])
            if gone[other] or common <= 0.0:
                continue
            overlap = common / (best_area + area(boxes[other]) - common)
            if by_distance:
                overlap -= _distance_penalty(boxes[best], boxes[other], size_hw)
            gone[other] = overlap > iou_thr


@jit
def fuse_nms(
    first: int,
    last: int,
    offsets: IntArray,
    order: np.ndarray,
    sizes_hw: IntArray,
    bboxes: FloatArray,
    scores: FloatArray,
    labels: IntArray,
    iou_thr: float,
    by_distance: bool,
    class_agnostic: bool,
    counts: IntArray,
) -> None:
    """Leave each image the rows that no better one of the label suppresses, label by label.

    Source: for `by_distance`, Zheng et al. 2020, arXiv:1911.08287, section 3.3.
    """
    room = largest_image(offsets, first, last)
    boxes, gone = np.empty((room, 4)), np.empty(room, np.bool_)
    kept, kept_scores = np.empty(room, np.int64), np.empty(room)
    for image in range(first, last):
        start, stop = offsets[image], offsets[image + 1]
        for position in range(stop - start):
            row = start + order[start + position]
            normalise(bboxes[row], sizes_hw[image], boxes[position])
        gone[:] = False
        begin, found = 0, 0
        while begin < stop - start:
            end = _end_of_group(labels, order, start, begin, stop - start, class_agnostic)
            _suppress_group(
                boxes[begin:end], sizes_hw[image], iou_thr, by_distance, gone[begin:end]
            )
            begin = end
        for position in range(stop - start):
            if not gone[position]:
                kept[found] = order[start + position]
                kept_scores[found] = scores[start + kept[found]]
                found += 1
        write_kept(kept[:found], kept_scores, bboxes[start:], scores[start:], labels[start:])
        counts[image] = found


@jit
def _end_of_group(
    labels: IntArray, order: np.ndarray, start: int, begin: int, count: int, class_agnostic: bool
) -> int:
    """Return where the rows with the label of position `begin` end, in an image of `count`."""
    if class_agnostic:
        return count
    end = begin + 1
    label = labels[start + order[start + begin]]
    while end < count and labels[start + order[start + end]] == label:
        end += 1
    return end


@jit
def _decay_group(
    boxes: FloatArray, rows: IntArray, scores: FloatArray, iou_thr: float, sigma: float, form: int
) -> None:
    """Order a group by decayed score, best first, and decay the scores on the way; all in place.

    What stands first among equals, and the swaps, are the reference's: they decide ties.
    """
    areas = np.empty(len(scores))
    for index in range(len(scores)):
        areas[index] = area(boxes[index])
    for index in range(len(scores) - 1):
        best = index + 1 + np.argmax(scores[index + 1 :])
        if scores[index] < scores[best]:
            for side in range(4):
                boxes[index, side], boxes[best, side] = boxes[best, side], boxes[index, side]
            rows[index], rows[best] = rows[best], rows[index]
            scores[index], scores[best] = scores[best], scores[index]
            areas[index], areas[best] = areas[best], areas[index]
        for other in range(index + 1, len(scores)):
            common = intersection(boxes[index], boxes[other])
            if common <= 0.0:
                continue
            iou = common / (areas[index] + areas[other] - common)
            if form == GAUSSIAN:
                scores[other] *= np.exp(-(iou * iou) / sigma)
            elif iou > iou_thr:
                scores[other] *= 1.0 - iou


@jit
def fuse_soft_nms(
    first: int,
    last: int,
    offsets: IntArray,
    order: np.ndarray,
    sizes_hw: IntArray,
    bboxes: FloatArray,
    scores: FloatArray,
    labels: IntArray,
    iou_thr: float,
    sigma: float,
    score_thr: float,
    form: int,
    decay_scores: bool,
    class_agnostic: bool,
    counts: IntArray,
) -> None:
    """Leave each image the rows whose decayed score is above `score_thr`, label by label.

    Source: Bodla et al. 2017, arXiv:1704.04503, section 3.
    """
    room = largest_image(offsets, first, last)
    boxes, decayed = np.empty((room, 4)), np.empty(room)
    rows, kept, kept_scores = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room)
    for image in range(first, last):
        start, stop = offsets[image], offsets[image + 1]
        for position in range(stop - start):
            row = start + order[start + position]
            normalise(bboxes[row], sizes_hw[image], boxes[position])
            decayed[position] = scores[row]
            rows[position] = row - start
        begin, found = 0, 0
        while begin < stop - start:
            end = _end_of_group(labels, order, start, begin, stop - start, class_agnostic)
            _decay_group(
                boxes[begin:end], rows[begin:end], decayed[begin:end], iou_thr, sigma, form
            )
            begin = end
        for position in range(stop - start):
            if decayed[position] > score_thr:
                kept[found] = rows[position]
                original = scores[start + rows[position]]
                kept_scores[found] = decayed[position] if decay_scores else original
                found += 1
        write_kept(kept[:found], kept_scores, bboxes[start:], scores[start:], labels[start:])
        counts[image] = found
