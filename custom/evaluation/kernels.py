"""Compiled kernels: ordering boxes by class and score, and matching them to the ground truth.

All of them follow pycocotools 2.0.11 to the last bit where it defines the result: the form of the
IoU's arithmetic, ties in score (stable, images by ascending id), ties in IoU (the later box wins).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from custom.boxes import BoolArray, FloatArray, IntArray
from custom.compiled.jit import jit
from custom.evaluation.counting import HIT, IGNORED, MISS
from custom.evaluation.matches import Int8Array, Int32Array, Integers


class Detections(NamedTuple):
    """The detections to match.

    Attributes:
        places: Shape (N,), by image, then class, then falling score: places in `rows`.
        offsets: Shape (I+1,), the ranges of the images in `places`.
        rows: Shape (N,), rows of the table by class, then falling score.
        bboxes: Shape (N, 4), xyxy, in the table's order.
        labels: Shape (N,), in the table's order.
    """

    places: IntArray
    offsets: IntArray
    rows: IntArray
    bboxes: FloatArray
    labels: IntArray


class Truth(NamedTuple):
    """The annotated boxes.

    Attributes:
        rows: Shape (G,), rows of the table by image, then class.
        offsets: Shape (I+1,), the ranges of the images in `rows`.
        bboxes: Shape (G, 4), xyxy, in the table's order.
        labels: Shape (G,).
        ignored: Shape (A, G), crowds and boxes outside the area range.
        iscrowd: Shape (G,).
    """

    rows: IntArray
    offsets: IntArray
    bboxes: FloatArray
    labels: IntArray
    ignored: BoolArray
    iscrowd: BoolArray


class Rule(NamedTuple):
    """How they are matched.

    Attributes:
        iou_thrs: Shape (T,).
        area_ranges: Shape (A, 2), squared pixels, both ends belong to the range.
        max_dets: Detections beyond this number of an image and class are left as they are.
        voc: PASCAL VOC's rule in place of COCO's.
    """

    iou_thrs: FloatArray
    area_ranges: FloatArray
    max_dets: int
    voc: bool


class MatchArrays(NamedTuple):
    """Where the result is written, by place.

    Attributes:
        ranks: Shape (N,), the place among the image's detections of the class.
        outcomes: Shape (A, T, N): HIT, MISS or IGNORED.
        matched: Shape (A, T, N), row of the matched box; or (A, T, 0) to leave it.
    """

    ranks: Int32Array
    outcomes: Int8Array
    matched: Int32Array


@jit
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


@jit
def _candidates(
    bbox: FloatArray, g0: int, g1: int, truth: Truth, lowest_thr: float, found: IntArray,
    ious: FloatArray,
) -> int:  # fmt: skip  # pragma: no cover
    """Write the boxes g0..g1 that a detection overlaps by `lowest_thr` or more; return how many.

    Over a crowd the IoU is the share of the detection that lies inside it.
    """
    dx, dy = bbox[0], bbox[1]
    dw, dh = bbox[2] - dx, bbox[3] - dy
    count = 0
    for g in range(g0, g1):
        row = truth.rows[g]
        gx, gy = truth.bboxes[row, 0], truth.bboxes[row, 1]
        gw, gh = truth.bboxes[row, 2] - gx, truth.bboxes[row, 3] - gy
        w = min(dw + dx, gw + gx) - max(dx, gx)
        h = min(dh + dy, gh + gy) - max(dy, gy)
        if w <= 0 or h <= 0:
            continue
        union = dw * dh if truth.iscrowd[row] else dw * dh + gw * gh - w * h
        if w * h / union >= lowest_thr:
            found[count] = g - g0
            ious[count] = w * h / union
            count += 1
    return count


@jit
def _best_free(
    found: IntArray, ious: FloatArray, thr: float, rows: IntArray, ignored: BoolArray,
    iscrowd: BoolArray, taken: BoolArray,
) -> int:  # fmt: skip  # pragma: no cover
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


@jit
def _best_of_all(found: IntArray, ious: FloatArray, thr: float) -> int:  # pragma: no cover
    """Return the box of highest IoU, taken or not, or -1: PASCAL VOC's rule."""
    best, best_iou = -1, -1.0
    for k in range(len(found)):
        if ious[k] > best_iou:
            best, best_iou = found[k], ious[k]
    return best if best_iou >= thr else -1


@jit
def _match_one(
    place: int, det_area: float, found: IntArray, ious: FloatArray, rows: IntArray,
    taken: BoolArray, truth: Truth, rule: Rule, out: MatchArrays,
) -> None:  # fmt: skip  # pragma: no cover
    """Match one detection, for every area range and IoU threshold.

    Args:
        place: Where its outcome goes.
        det_area: Its area.
        found: Shape (F,), the boxes it overlaps, positions in `rows`.
        ious: Shape (F,), by how much.
        rows: The boxes of its image and class, rows of the ground truth.
        taken: Shape (A, T, len(rows)), the boxes that detections before it took; changed.
        truth: The annotated boxes.
        rule: How it is matched.
        out: Where the result is written.
    """
    for a in range(len(rule.area_ranges)):
        inside = rule.area_ranges[a, 0] <= det_area <= rule.area_ranges[a, 1]
        ignored = truth.ignored[a]
        for t in range(len(rule.iou_thrs)):
            thr, g = rule.iou_thrs[t], -1
            if len(found) > 0 and rule.voc:
                g = _best_of_all(found, ious, thr)
            elif len(found) > 0:
                g = _best_free(found, ious, thr, rows, ignored, truth.iscrowd, taken[a, t])
            if g < 0:
                out.outcomes[a, t, place] = MISS if inside else IGNORED
                continue
            if ignored[rows[g]]:
                out.outcomes[a, t, place] = IGNORED
            else:
                out.outcomes[a, t, place] = MISS if rule.voc and taken[a, t, g] else HIT
            taken[a, t, g] = True
            if out.matched.shape[2] > 0:
                out.matched[a, t, place] = rows[g]


@jit
def match_images(
    start: int, stop: int, dets: Detections, truth: Truth, rule: Rule, out: MatchArrays
) -> None:  # pragma: no cover
    """Match the detections on the images start..stop to their boxes, class by class."""
    most_gt = 1
    for image in range(start, stop):
        most_gt = max(most_gt, truth.offsets[image + 1] - truth.offsets[image])
    found, ious = np.empty(most_gt, np.int64), np.empty(most_gt)
    taken = np.zeros((len(rule.area_ranges), len(rule.iou_thrs), most_gt), np.bool_)
    lowest_thr = rule.iou_thrs.min()
    for image in range(start, stop):
        g1, end = truth.offsets[image], truth.offsets[image + 1]
        label = np.int64(-1)
        for d in range(dets.offsets[image], dets.offsets[image + 1]):
            place = dets.places[d]
            row = dets.rows[place]
            if dets.labels[row] != label:
                label, first = dets.labels[row], d
                g0 = g1
                while g0 < end and truth.labels[truth.rows[g0]] < label:
                    g0 += 1
                g1 = g0
                while g1 < end and truth.labels[truth.rows[g1]] == label:
                    g1 += 1
                taken[:, :, : g1 - g0] = False
            out.ranks[place] = d - first
            if d - first >= rule.max_dets:
                continue
            bbox = dets.bboxes[row]
            count = _candidates(bbox, g0, g1, truth, lowest_thr, found, ious)
            _match_one(
                place, (bbox[2] - bbox[0]) * (bbox[3] - bbox[1]), found[:count], ious[:count],
                truth.rows[g0:g1], taken, truth, rule, out,
            )  # fmt: skip
