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
def _candidates(
    bbox: FloatArray,
    gt_rows: IntArray,
    g0: int,
    g1: int,
    gt_bboxes: FloatArray,
    iscrowd: BoolArray,
    lowest_thr: float,
    found: IntArray,
    ious: FloatArray,
) -> int:  # pragma: no cover
    """Write the boxes g0..g1 that a detection overlaps by `lowest_thr` or more; return how many.

    Over a crowd the IoU is the share of the detection that lies inside it.
    """
    dx, dy = bbox[0], bbox[1]
    dw, dh = bbox[2] - dx, bbox[3] - dy
    count = 0
    for g in range(g0, g1):
        row = gt_rows[g]
        gx, gy = gt_bboxes[row, 0], gt_bboxes[row, 1]
        gw, gh = gt_bboxes[row, 2] - gx, gt_bboxes[row, 3] - gy
        w = min(dw + dx, gw + gx) - max(dx, gx)
        h = min(dh + dy, gh + gy) - max(dy, gy)
        if w <= 0 or h <= 0:
            continue
        union = dw * dh if iscrowd[row] else dw * dh + gw * gh - w * h
        if w * h / union >= lowest_thr:
            found[count] = g - g0
            ious[count] = w * h / union
            count += 1
    return count


@njit(nogil=True, cache=True)
def _best_free(
    found: IntArray,
    ious: FloatArray,
    thr: float,
    rows: IntArray,
    ignored: BoolArray,
    taken: BoolArray,
    iscrowd: BoolArray,
) -> int:  # pragma: no cover
    """Return the box that a detection takes by COCO's rule, or -1.

    The free box of highest IoU among those that count; an ignored one only if there is none.
    """
    for want_ignored in (False, True):
        best, best_iou = -1, thr
        for k in range(len(found)):
            g = found[k]
            if ignored[rows[g]] != want_ignored or (taken[g] and not iscrowd[rows[g]]):
                continue
            if ious[k] >= best_iou:
                best, best_iou = g, ious[k]
        if best >= 0:
            return best
    return -1


@njit(nogil=True, cache=True)
def _best_of_all(found: IntArray, ious: FloatArray, thr: float) -> int:  # pragma: no cover
    """Return the box of highest IoU, taken or not, or -1: PASCAL VOC's rule."""
    best, best_iou = -1, -1.0
    for k in range(len(found)):
        if ious[k] > best_iou:
            best, best_iou = found[k], ious[k]
    return best if best_iou >= thr else -1


@njit(nogil=True, cache=True)
def _match_one(
    place: int,
    det_area: float,
    found: IntArray,
    ious: FloatArray,
    rows: IntArray,
    ignored: BoolArray,
    iscrowd: BoolArray,
    iou_thrs: FloatArray,
    area_ranges: FloatArray,
    voc: bool,
    taken: BoolArray,
    outcomes: Integers,
    matched: Integers,
) -> None:  # pragma: no cover
    """Match one detection, for every area range and IoU threshold.

    Args:
        place: Where its outcome goes.
        det_area: Its area.
        found: Shape (F,), the boxes it overlaps, positions in `rows`.
        ious: Shape (F,), by how much.
        rows: The boxes of its image and class, rows of the ground truth.
        ignored: Shape (A, G).
        iscrowd: Shape (G,).
        iou_thrs: Shape (T,).
        area_ranges: Shape (A, 2).
        voc: PASCAL VOC's rule in place of COCO's.
        taken: Shape (A, T, len(rows)), the boxes that detections before it took; changed.
        outcomes: Out, shape (A, T, N).
        matched: Out, shape (A, T, N) or (A, T, 0).
    """
    for a in range(len(area_ranges)):
        missed = MISS if area_ranges[a, 0] <= det_area <= area_ranges[a, 1] else IGNORED
        for t in range(len(iou_thrs)):
            if len(found) == 0:
                g = -1
            elif voc:
                g = _best_of_all(found, ious, iou_thrs[t])
            else:
                g = _best_free(found, ious, iou_thrs[t], rows, ignored[a], taken[a, t], iscrowd)
            if g < 0:
                outcomes[a, t, place] = missed
                continue
            if ignored[a, rows[g]]:
                outcomes[a, t, place] = IGNORED
            else:
                outcomes[a, t, place] = MISS if voc and taken[a, t, g] else HIT
            taken[a, t, g] = True
            if matched.shape[2] > 0:
                matched[a, t, place] = rows[g]


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
    ignored: BoolArray,
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
        ignored: Shape (A, G), crowds and boxes outside the area range.
        iscrowd: Shape (G,).
        iou_thrs: Shape (T,).
        area_ranges: Shape (A, 2), squared pixels, both ends belong to the range.
        max_dets: Detections beyond this number of an image and class are left as they are.
        voc: PASCAL VOC's rule in place of COCO's.
        ranks: Out, shape (N,), the place among the image's detections of the class.
        outcomes: Out, shape (A, T, N): HIT, MISS or IGNORED.
        matched: Out, shape (A, T, N), row of the matched box; or (A, T, 0) to leave it.
    """
    most_gt = 1
    for image in range(start, stop):
        most_gt = max(most_gt, gt_offsets[image + 1] - gt_offsets[image])
    found, ious = np.empty(most_gt, np.int64), np.empty(most_gt)
    taken = np.zeros((len(area_ranges), len(iou_thrs), most_gt), np.bool_)
    lowest_thr = iou_thrs.min()
    for image in range(start, stop):
        g1 = gt_offsets[image]
        label = np.int64(-1)
        for d in range(det_offsets[image], det_offsets[image + 1]):
            place = det_places[d]
            row = det_rows[place]
            if det_labels[row] != label:
                label, first = det_labels[row], d
                g0 = g1
                while g0 < gt_offsets[image + 1] and gt_labels[gt_rows[g0]] < label:
                    g0 += 1
                g1 = g0
                while g1 < gt_offsets[image + 1] and gt_labels[gt_rows[g1]] == label:
                    g1 += 1
                taken[:, :, : g1 - g0] = False
            ranks[place] = d - first
            if d - first >= max_dets:
                continue
            bbox = det_bboxes[row]
            count = _candidates(bbox, gt_rows, g0, g1, gt_bboxes, iscrowd, lowest_thr, found, ious)
            _match_one(
                place, (bbox[2] - bbox[0]) * (bbox[3] - bbox[1]), found[:count], ious[:count],
                gt_rows[g0:g1], ignored, iscrowd, iou_thrs, area_ranges, voc, taken,
                outcomes, matched,
            )  # fmt: skip
