"""Compiled kernels: ordering boxes by class and score, and matching them to the ground truth.

All of them follow pycocotools 2.0.11 to the last bit where it defines the result: the form of the
IoU's arithmetic, ties in score (stable, images by ascending id), ties in IoU (the later box wins).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from custom.boxes import BoolArray, FloatArray, IntArray
from custom.evaluation.matches import Integers

HIT, MISS, IGNORED = np.int8(1), np.int8(0), np.int8(-1)


@njit(nogil=True, cache=True)
def group_rows(
    labels: Integers, order: IntArray, num_classes: int
) -> tuple[IntArray, IntArray]:  # pragma: no cover
    """Return `order` regrouped by class, stable, and the offsets (C+1,) of the classes.

    Args:
        labels: Shape (N,), 0..C-1.
        order: Shape (N,), the rows in the order that is kept within a class.
        num_classes: C.
    """
    offsets = np.zeros(num_classes + 1, np.int64)
    for row in order:
        offsets[labels[row] + 1] += 1
    for label in range(num_classes):
        offsets[label + 1] += offsets[label]
    cursor = offsets[:-1].copy()
    grouped = np.empty(len(order), np.int64)
    for row in order:
        label = labels[row]
        grouped[cursor[label]] = row
        cursor[label] += 1
    return grouped, offsets


@njit(nogil=True, cache=True)
def _ious(
    det_rows: IntArray,
    det_bboxes: FloatArray,
    gt_rows: IntArray,
    gt_bboxes: FloatArray,
    iscrowd: BoolArray,
) -> FloatArray:  # pragma: no cover
    """Return the IoU (D, G) of boxes; over a crowd, the share of the detection inside it."""
    ious = np.zeros((len(det_rows), len(gt_rows)))
    for d, det_row in enumerate(det_rows):
        dx, dy = det_bboxes[det_row, 0], det_bboxes[det_row, 1]
        dw, dh = det_bboxes[det_row, 2] - dx, det_bboxes[det_row, 3] - dy
        for g, gt_row in enumerate(gt_rows):
            gx, gy = gt_bboxes[gt_row, 0], gt_bboxes[gt_row, 1]
            gw, gh = gt_bboxes[gt_row, 2] - gx, gt_bboxes[gt_row, 3] - gy
            w = min(dw + dx, gw + gx) - max(dx, gx)
            if w <= 0:
                continue
            h = min(dh + dy, gh + gy) - max(dy, gy)
            if h <= 0:
                continue
            union = dw * dh if iscrowd[gt_row] else dw * dh + gw * gh - w * h
            ious[d, g] = w * h / union
    return ious


@njit(nogil=True, cache=True)
def _best_free(
    ious: FloatArray, thr: float, ignored: BoolArray, taken: BoolArray, crowd: BoolArray
) -> int:  # pragma: no cover
    """Return the box a detection takes by COCO's rule, or -1.

    The free box of highest IoU among those that count; an ignored one only if there is none.
    """
    for want_ignored in (False, True):
        best, best_iou = -1, thr
        for g in range(len(ious)):
            if ignored[g] != want_ignored or (taken[g] and not crowd[g]):
                continue
            if ious[g] >= best_iou:
                best, best_iou = g, ious[g]
        if best >= 0:
            return best
    return -1


@njit(nogil=True, cache=True)
def _best_of_all(ious: FloatArray, thr: float) -> int:  # pragma: no cover
    """Return the box of highest IoU, taken or not, or -1: PASCAL VOC's rule."""
    best, best_iou = -1, -1.0
    for g in range(len(ious)):
        if ious[g] > best_iou:
            best, best_iou = g, ious[g]
    return best if best_iou >= thr else -1


@njit(nogil=True, cache=True)
def match_images(
    start: int,
    stop: int,
    det_places: IntArray,
    det_offsets: IntArray,
    det_rows: IntArray,
    det_bboxes: FloatArray,
    det_labels: IntArray,
    gt_rows: IntArray,
    gt_offsets: IntArray,
    gt_bboxes: FloatArray,
    gt_labels: IntArray,
    gt_ignored: BoolArray,
    iscrowd: BoolArray,
    iou_thrs: FloatArray,
    area_ranges: FloatArray,
    max_dets: int,
    voc: bool,
    ranks: Integers,
    outcomes: Integers,
    matched: Integers,
) -> None:  # pragma: no cover
    """Match the detections on the images start..stop to their boxes, class by class.

    Args:
        start: First image.
        stop: One past the last image.
        det_places: Shape (N,), by image, then class, then falling score: places in `det_rows`.
        det_offsets: Shape (I+1,), the ranges of the images in `det_places`.
        det_rows: Shape (N,), rows of the table by class, then falling score.
        det_bboxes: Shape (N, 4), xyxy, in the table's order.
        det_labels: Shape (N,).
        gt_rows: Shape (G,), rows of the ground truth by image, then class.
        gt_offsets: Shape (I+1,), the ranges of the images in `gt_rows`.
        gt_bboxes: Shape (G, 4), xyxy, in the table's order.
        gt_labels: Shape (G,).
        gt_ignored: Shape (A, G), crowds and boxes outside the area range.
        iscrowd: Shape (G,).
        iou_thrs: Shape (T,).
        area_ranges: Shape (A, 2), squared pixels, both ends belong to the range.
        max_dets: Detections beyond this number of an image and class are ignored.
        voc: PASCAL VOC's rule in place of COCO's.
        ranks: Out, shape (N,), the place among the image's detections of the class.
        outcomes: Out, shape (A, T, N): HIT, MISS or IGNORED.
        matched: Out, shape (A, T, N), row of the matched box or -1; or (A, T, 0) to leave it.
    """
    for image in range(start, stop):
        d0, d_end = det_offsets[image], det_offsets[image + 1]
        g0, g_end = gt_offsets[image], gt_offsets[image + 1]
        while d0 < d_end:
            label = det_labels[det_rows[det_places[d0]]]
            d1 = d0
            while d1 < d_end and det_labels[det_rows[det_places[d1]]] == label:
                ranks[det_places[d1]] = d1 - d0
                d1 += 1
            while g0 < g_end and gt_labels[gt_rows[g0]] < label:
                g0 += 1
            g1 = g0
            while g1 < g_end and gt_labels[gt_rows[g1]] == label:
                g1 += 1
            places = det_places[d0 : min(d1, d0 + max_dets)]
            gts = gt_rows[g0:g1]
            ious = _ious(det_rows[places], det_bboxes, gts, gt_bboxes, iscrowd)
            _match_group(
                places, det_rows, det_bboxes, gts, ious, gt_ignored[:, gts], iscrowd[gts],
                iou_thrs, area_ranges, voc, outcomes, matched,
            )  # fmt: skip
            d0, g0 = d1, g1


@njit(nogil=True, cache=True)
def _match_group(
    places: IntArray,
    det_rows: IntArray,
    det_bboxes: FloatArray,
    gts: IntArray,
    ious: FloatArray,
    ignored: BoolArray,
    crowd: BoolArray,
    iou_thrs: FloatArray,
    area_ranges: FloatArray,
    voc: bool,
    outcomes: Integers,
    matched: Integers,
) -> None:  # pragma: no cover
    """Match the detections of one image and class, for every area range and IoU threshold."""
    taken = np.zeros(len(gts), np.bool_)
    for a in range(len(area_ranges)):
        for t in range(len(iou_thrs)):
            taken[:] = False
            for d, place in enumerate(places):
                if voc:
                    g = _best_of_all(ious[d], iou_thrs[t])
                else:
                    g = _best_free(ious[d], iou_thrs[t], ignored[a], taken, crowd)
                if g >= 0 and matched.shape[2] > 0:
                    matched[a, t, place] = gts[g]
                if g >= 0:
                    repeated = voc and taken[g]
                    taken[g] = True
                    hit_or_miss = MISS if repeated else HIT
                    outcomes[a, t, place] = IGNORED if ignored[a, g] else hit_or_miss
                else:
                    x1, y1, x2, y2 = det_bboxes[det_rows[place]]
                    area = (x2 - x1) * (y2 - y1)
                    inside = area_ranges[a, 0] <= area <= area_ranges[a, 1]
                    outcomes[a, t, place] = MISS if inside else IGNORED
