"""Compiled kernels that match detections to the annotated boxes.

All of them follow pycocotools 2.0.11 to the last bit where it defines the result: the form of the
IoU's arithmetic, ties in score (stable, images by ascending id), ties in IoU (the later box wins).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from custom.boxes import BoolArray, FloatArray, IntArray
from custom.compiled.jit import jit
from custom.evaluation.counting import HIT, IGNORED, MISS
from custom.evaluation.matches import Int8Array, Int32Array


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
        ignored: Shape (A, G), crowds and boxes outside the area range, in the order of `rows`.
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
    """Where the result is written, by place: what belongs to a detection lies side by side.

    Attributes:
        ranks: Shape (N,), the place among the image's detections of the class.
        outcomes: Shape (N, A, T): HIT, MISS or IGNORED.
        matched: Shape (N, A, T), row of the matched box; or (0, A, T) to leave it.
    """

    ranks: Int32Array
    outcomes: Int8Array
    matched: Int32Array


@jit
def can_be_matched(
    labels: IntArray, scores: FloatArray, bboxes: FloatArray, num_classes: int
) -> bool:  # pragma: no cover
    """Return whether all labels are classes, all numbers finite, and x2 >= x1, y2 >= y1."""
    for row in range(len(labels)):
        x1, y1, x2, y2 = bboxes[row, 0], bboxes[row, 1], bboxes[row, 2], bboxes[row, 3]
        # What is not finite becomes NaN when 0 is multiplied by it.
        is_finite = 0.0 * scores[row] + 0.0 * x1 + 0.0 * y1 + 0.0 * x2 + 0.0 * y2 == 0.0
        is_class = (labels[row] >= 0) & (labels[row] < num_classes)
        if not (is_finite & is_class & (x2 >= x1) & (y2 >= y1)):
            return False
    return True


@jit
def _load_image(
    rows: IntArray, bboxes: FloatArray, iscrowd: BoolArray, boxes: FloatArray, taken: BoolArray
) -> None:  # pragma: no cover
    """Copy an image's annotated boxes side by side: x1, y1, x2, y2, area and whether no crowd."""
    for k in range(len(rows)):
        x, y = bboxes[rows[k], 0], bboxes[rows[k], 1]
        w, h = bboxes[rows[k], 2] - x, bboxes[rows[k], 3] - y
        boxes[k, 0], boxes[k, 1], boxes[k, 2], boxes[k, 3] = x, y, w + x, h + y
        boxes[k, 4], boxes[k, 5] = w * h, 0.0 if iscrowd[rows[k]] else 1.0
        taken[k] = False


@jit
def _overlapping(
    row: int, bboxes: FloatArray, g0: int, g1: int, lowest_thr: float, boxes: FloatArray,
    found: IntArray, ious: FloatArray,
) -> int:  # fmt: skip  # pragma: no cover
    """Write the boxes g0..g1 that a detection overlaps by `lowest_thr` or more; return how many.

    Over a crowd the IoU is the share of the detection that lies inside it. The first loop has no
    branch, which few pairs would take and the processor would guess wrongly: it keeps pairs that
    are close to the threshold or above. The second computes the IoU as pycocotools does.
    """
    dx, dy = bboxes[row, 0], bboxes[row, 1]
    dw, dh = bboxes[row, 2] - dx, bboxes[row, 3] - dy
    right, bottom, area = dw + dx, dh + dy, dw * dh
    almost, num_close = lowest_thr * (1 - 1e-9), 0
    for g in range(g0, g1):
        w = min(right, boxes[g, 2]) - max(dx, boxes[g, 0])
        h = min(bottom, boxes[g, 3]) - max(dy, boxes[g, 1])
        union = area + (boxes[g, 4] - w * h) * boxes[g, 5]
        found[num_close], ious[num_close] = g, w * h
        num_close += (w > 0) & (h > 0) & (w * h >= almost * union)
    count = 0
    for k in range(num_close):
        g, inside = found[k], ious[k]
        iou = inside / (area + boxes[g, 4] - inside if boxes[g, 5] > 0 else area)
        if iou >= lowest_thr:
            found[count], ious[count] = g, iou
            count += 1
    return count


@jit
def _best_free(
    found: IntArray, ious: FloatArray, count: int, thr: float, taken: BoolArray, a: int, t: int,
    boxes: FloatArray, ignored: BoolArray,
) -> int:  # fmt: skip  # pragma: no cover
    """Return the box that a detection takes by COCO's rule, or -1.

    The free box of highest IoU among those that count; an ignored one only if there is none.
    """
    best, best_iou, best_ignored, best_ignored_iou = -1, thr, -1, thr
    for k in range(count):
        g, iou = found[k], ious[k]
        if taken[g, a, t] and boxes[g, 5] > 0:
            continue
        if ignored[a, g]:
            if iou >= best_ignored_iou:
                best_ignored, best_ignored_iou = g, iou
        elif iou >= best_iou:
            best, best_iou = g, iou
    return best if best >= 0 else best_ignored


@jit
def _best_of_all(
    found: IntArray, ious: FloatArray, count: int, thr: float
) -> int:  # pragma: no cover
    """Return the box of highest IoU, taken or not, or -1: PASCAL VOC's rule."""
    best, best_iou = -1, -1.0
    for k in range(count):
        if ious[k] > best_iou:
            best, best_iou = found[k], ious[k]
    return best if best_iou >= thr else -1


@jit
def _match_one(
    place: int, a: int, unmatched: int, found: IntArray, ious: FloatArray, count: int,
    rows: IntArray, boxes: FloatArray, ignored: BoolArray, iou_thrs: FloatArray, voc: bool,
    taken: BoolArray, outcomes: Int8Array, matched: Int32Array,
) -> None:  # fmt: skip  # pragma: no cover
    """Match one detection at every IoU threshold, for one area range.

    Args:
        place: Where its outcome goes.
        a: The area range.
        unmatched: The outcome where no box is matched.
        found: The boxes it overlaps, positions in the image's.
        ious: By how much.
        count: How many they are.
        rows: The image's boxes, rows of the ground truth.
        boxes: The same, as `_load_image` has them.
        ignored: Shape (A, G), which of them do not count.
        iou_thrs: Shape (T,).
        voc: The rule.
        taken: Shape (G, A, T), the boxes that detections before it took; changed.
        outcomes: As `MatchArrays` has them; written.
        matched: The same.
    """
    for t in range(len(iou_thrs)):
        if voc:
            g = _best_of_all(found, ious, count, iou_thrs[t])
        else:
            g = _best_free(found, ious, count, iou_thrs[t], taken, a, t, boxes, ignored)
        if g < 0:
            outcomes[place, a, t] = unmatched
            continue
        if ignored[a, g]:
            outcomes[place, a, t] = IGNORED
        else:
            outcomes[place, a, t] = MISS if voc and taken[g, a, t] else HIT
        taken[g, a, t] = True
        if len(matched) > 0:
            matched[place, a, t] = rows[g]


@jit
def _match_single(
    place: int, a: int, unmatched: int, g: int, iou: float, row: int, is_crowd: bool,
    is_ignored: bool, iou_thrs: FloatArray, taken: BoolArray, outcomes: Int8Array,
    matched: Int32Array,
) -> None:  # fmt: skip  # pragma: no cover
    """Do what `_match_one` does by COCO's rule for a detection that overlaps one box, `g`.

    Most do. Without a choice between boxes the thresholds are done side by side.
    """
    outcome = IGNORED if is_ignored else HIT
    for t in range(len(iou_thrs)):
        is_match = (iou >= iou_thrs[t]) & (is_crowd | ~taken[g, a, t])
        outcomes[place, a, t] = outcome if is_match else unmatched
        taken[g, a, t] |= is_match
        if is_match and len(matched) > 0:
            matched[place, a, t] = row


@jit
def match_images(
    start: int, stop: int, dets: Detections, truth: Truth, rule: Rule, out: MatchArrays
) -> None:  # pragma: no cover
    """Match the detections on the images start..stop to their boxes, class by class."""
    # Every array has a name of its own: taking one out of a tuple counts references, which takes
    # longer than an IoU.
    places, offsets, det_rows, bboxes, labels = dets
    gt_rows, gt_offsets, gt_bboxes, gt_labels, gt_ignored, iscrowd = truth
    iou_thrs, area_ranges, max_dets, voc = rule
    ranks, outcomes, matched = out
    most_gt = 1
    for image in range(start, stop):
        most_gt = max(most_gt, gt_offsets[image + 1] - gt_offsets[image])
    boxes, found, ious = np.empty((most_gt, 6)), np.empty(most_gt, np.int64), np.empty(most_gt)
    taken = np.empty((most_gt, len(area_ranges), len(iou_thrs)), np.bool_)
    lowest_thr = iou_thrs.min()
    for image in range(start, stop):
        rows = gt_rows[gt_offsets[image] : gt_offsets[image + 1]]
        ignored = gt_ignored[:, gt_offsets[image] : gt_offsets[image + 1]]
        _load_image(rows, gt_bboxes, iscrowd, boxes, taken)
        label, first, g0, g1 = np.int64(-1), 0, 0, 0
        for d in range(offsets[image], offsets[image + 1]):
            place = places[d]
            row = det_rows[place]
            if labels[row] != label:
                label, first, g0 = labels[row], d, g1
                while g0 < len(rows) and gt_labels[rows[g0]] < label:
                    g0 += 1
                g1 = g0
                while g1 < len(rows) and gt_labels[rows[g1]] == label:
                    g1 += 1
            ranks[place] = d - first
            if d - first >= max_dets:
                outcomes[place] = IGNORED
                continue
            count = _overlapping(row, bboxes, g0, g1, lowest_thr, boxes, found, ious)
            area = (bboxes[row, 2] - bboxes[row, 0]) * (bboxes[row, 3] - bboxes[row, 1])
            for a in range(len(area_ranges)):
                inside = area_ranges[a, 0] <= area <= area_ranges[a, 1]
                unmatched = MISS if inside else IGNORED
                if count == 0:
                    outcomes[place, a] = unmatched
                elif count == 1 and not voc:
                    g = found[0]
                    _match_single(
                        place, a, unmatched, g, ious[0], rows[g], boxes[g, 5] == 0,
                        ignored[a, g], iou_thrs, taken, outcomes, matched,
                    )  # fmt: skip
                else:
                    _match_one(
                        place, a, unmatched, found, ious, count, rows, boxes, ignored, iou_thrs,
                        voc, taken, outcomes, matched,
                    )  # fmt: skip
