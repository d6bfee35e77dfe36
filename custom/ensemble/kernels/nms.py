"""Non-maximum suppression: of overlapping boxes the best stays; hard, distance-aware and soft."""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.compiled.jit import jit
from custom.ensemble.kernels.common import (
    NUM_ROWS,
    Pool,
    end_of_group,
    largest_image,
    load_group,
    size_of,
)
from custom.ensemble.kernels.rows import write_kept

LINEAR, GAUSSIAN = 1, 2


@jit
def _common_area(boxes: FloatArray, a: int, b: int) -> float:
    """Return the area that two columns of boxes (5, N) share."""
    width = max(min(boxes[2, a], boxes[2, b]) - max(boxes[0, a], boxes[0, b]), 0.0)
    height = max(min(boxes[3, a], boxes[3, b]) - max(boxes[1, a], boxes[1, b]), 0.0)
    return width * height


@jit
def _distance_penalty(boxes: FloatArray, a: int, b: int, size_hw: tuple[float, float]) -> float:
    """Return the squared distance of two centres by the squared diagonal of both boxes' hull."""
    height, width = size_hw
    dx = (boxes[0, a] + boxes[2, a] - boxes[0, b] - boxes[2, b]) / 2.0 * width
    dy = (boxes[1, a] + boxes[3, a] - boxes[1, b] - boxes[3, b]) / 2.0 * height
    hull_w = (max(boxes[2, a], boxes[2, b]) - min(boxes[0, a], boxes[0, b])) * width
    hull_h = (max(boxes[3, a], boxes[3, b]) - min(boxes[1, a], boxes[1, b])) * height
    return (dx * dx + dy * dy) / (hull_w * hull_w + hull_h * hull_h)


@jit
def _suppress_group(
    boxes: FloatArray, count: int, iou_thr: float, gone: np.ndarray, overlaps: FloatArray
) -> None:
    """Mark in `gone` (N,) the boxes, by falling score, that one before them suppresses."""
    for best in range(count):
        if gone[best]:
            continue
        for other in range(best + 1, count):
            common = _common_area(boxes, best, other)
            overlaps[other] = common / (boxes[4, best] + boxes[4, other] - common)
        for other in range(best + 1, count):
            gone[other] |= overlaps[other] > iou_thr


@jit
def _suppress_group_by_distance(
    boxes: FloatArray, count: int, iou_thr: float, gone: np.ndarray, size_hw: tuple[float, float]
) -> None:
    """As `_suppress_group`, by the IoU less the distance of the centres."""
    for best in range(count):
        if gone[best]:
            continue
        for other in range(best + 1, count):
            common = _common_area(boxes, best, other)
            if common > 0.0 and not gone[other]:
                iou = common / (boxes[4, best] + boxes[4, other] - common)
                gone[other] = iou - _distance_penalty(boxes, best, other, size_hw) > iou_thr


@jit
def fuse_nms(first: int, last: int, pool: Pool, iou_thr: float) -> None:
    """Leave each image the rows that no better one of the label suppresses, label by label."""
    _fuse_nms(first, last, pool, iou_thr, False)


@jit
def fuse_diou_nms(first: int, last: int, pool: Pool, iou_thr: float) -> None:
    """As `fuse_nms`, by the IoU less the distance of the centres.

    Source: Zheng et al. 2020, arXiv:1911.08287, section 3.3.
    """
    _fuse_nms(first, last, pool, iou_thr, True)


@jit
def _fuse_nms(first: int, last: int, pool: Pool, iou_thr: float, by_distance: bool) -> None:
    """Suppress by overlap alone, or by overlap and distance."""
    offsets, scores = pool.offsets, pool.scores
    room = largest_image(offsets, first, last)
    boxes, rows = np.empty((NUM_ROWS, room)), np.empty(room, np.int64)
    gone, overlaps = np.empty(room, np.bool_), np.empty(room)
    kept, kept_scores = np.empty(room, np.int64), np.empty(room)
    for image in range(first, last):
        start, count = offsets[image], offsets[image + 1] - offsets[image]
        size_hw = size_of(pool, image)
        begin, total = 0, 0
        while begin < count:
            end = end_of_group(pool, start, begin, count)
            load_group(pool, start, begin, end, size_hw, boxes, rows)
            gone[: end - begin] = False
            if by_distance:
                _suppress_group_by_distance(boxes, end - begin, iou_thr, gone, size_hw)
            else:
                _suppress_group(boxes, end - begin, iou_thr, gone, overlaps)
            for position in range(end - begin):
                if not gone[position]:
                    kept[total] = rows[position]
                    kept_scores[total] = scores[rows[position]]
                    total += 1
            begin = end
        write_kept(kept, kept_scores, total, start, pool)
        pool.counts[image] = total


@jit
def _swap(boxes: FloatArray, rows: IntArray, scores: FloatArray, a: int, b: int) -> None:
    """Swap two boxes of a group, with their rows and scores."""
    for side in range(NUM_ROWS):
        boxes[side, a], boxes[side, b] = boxes[side, b], boxes[side, a]
    rows[a], rows[b] = rows[b], rows[a]
    scores[a], scores[b] = scores[b], scores[a]


@jit
def _decay_gaussian(
    scores: FloatArray,
    ious: FloatArray,
    first: int,
    count: int,
    sigma: float,
    score_thr: float,
    near: IntArray,
) -> None:
    """Decay the scores of boxes `first` to `count` by their IoU with the best one.

    Those that overlap are put in `near` (N,) first: a branch that the processor cannot foresee
    costs more than the exponential behind it.
    """
    found = 0
    for other in range(first, count):
        near[found] = other
        found += (ious[other] > 0.0) & (scores[other] > score_thr)
    for position in range(found):
        other = near[position]
        scores[other] *= np.exp(-(ious[other] * ious[other]) / sigma)


@jit
def _decay_group(
    boxes: FloatArray,
    rows: IntArray,
    scores: FloatArray,
    count: int,
    iou_thr: float,
    sigma: float,
    score_thr: float,
    form: int,
    ious: FloatArray,
    near: IntArray,
) -> None:
    """Order a group by decayed score, best first, and decay the scores on the way; all in place.

    What stands first among equals, and the swaps, are the reference's: they decide ties. A score
    too low to stay is not decayed further, and ends the work when it is the best one left: what
    it would decay is lower still.
    """
    for index in range(count - 1):
        best, best_score = index, scores[index]
        for other in range(index + 1, count):
            if scores[other] > best_score:
                best, best_score = other, scores[other]
        if best_score <= score_thr:
            return
        if best != index:
            _swap(boxes, rows, scores, index, best)
        for other in range(index + 1, count):
            common = _common_area(boxes, index, other)
            ious[other] = common / (boxes[4, index] + boxes[4, other] - common)
        if form == LINEAR:
            for other in range(index + 1, count):
                scores[other] *= 1.0 - ious[other] if ious[other] > iou_thr else 1.0
        else:
            _decay_gaussian(scores, ious, index + 1, count, sigma, score_thr, near)


@jit
def fuse_soft_nms(
    first: int, last: int, pool: Pool, sigma: float, score_thr: float, decay_scores: bool
) -> None:
    """Leave each image the rows whose decayed score is above `score_thr`; the Gaussian form.

    Source: Bodla et al. 2017, arXiv:1704.04503, section 3.
    """
    _fuse_soft_nms(first, last, pool, 0.0, sigma, score_thr, GAUSSIAN, decay_scores)


@jit
def fuse_soft_nms_linear(
    first: int, last: int, pool: Pool, iou_thr: float, score_thr: float, decay_scores: bool
) -> None:
    """As `fuse_soft_nms`, in the form that decays only above a threshold."""
    _fuse_soft_nms(first, last, pool, iou_thr, 1.0, score_thr, LINEAR, decay_scores)


@jit
def _fuse_soft_nms(
    first: int,
    last: int,
    pool: Pool,
    iou_thr: float,
    sigma: float,
    score_thr: float,
    form: int,
    decay_scores: bool,
) -> None:
    """Decay in one of the forms, label by label, and keep what stays above `score_thr`."""
    offsets, scores = pool.offsets, pool.scores
    room = largest_image(offsets, first, last)
    boxes, rows = np.empty((NUM_ROWS, room)), np.empty(room, np.int64)
    decayed, kept, kept_scores = np.empty(room), np.empty(room, np.int64), np.empty(room)
    ious, near = np.empty(room), np.empty(room, np.int64)
    for image in range(first, last):
        start, count = offsets[image], offsets[image + 1] - offsets[image]
        size_hw = size_of(pool, image)
        begin, total = 0, 0
        while begin < count:
            end = end_of_group(pool, start, begin, count)
            load_group(pool, start, begin, end, size_hw, boxes, rows)
            for position in range(end - begin):
                decayed[position] = scores[rows[position]]
            _decay_group(
                boxes, rows, decayed, end - begin, iou_thr, sigma, score_thr, form, ious, near
            )
            for position in range(end - begin):
                if decayed[position] > score_thr:
                    kept[total] = rows[position]
                    kept_scores[total] = (
                        decayed[position] if decay_scores else scores[rows[position]]
                    )
                    total += 1
            begin = end
        write_kept(kept, kept_scores, total, start, pool)
        pool.counts[image] = total
