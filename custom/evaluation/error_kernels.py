"""Compiled part of the error types: why each detection is no hit, image by image."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from custom.boxes import BoolArray, FloatArray, IntArray
from custom.compiled.jit import jit
from custom.evaluation.matches import Int8Array

NO_ERROR, CLS, LOC, BOTH, DUPE, BKG, BEYOND = 0, 1, 2, 3, 4, 5, -1


class Detections(NamedTuple):
    """The detections: rows by image, then falling score; offsets (I+1,) of the images in them."""

    rows: IntArray
    offsets: IntArray
    bboxes: FloatArray
    labels: IntArray


class Truth(NamedTuple):
    """The annotated boxes, by image; detections that hit nothing within a crowd are ignored."""

    offsets: IntArray
    bboxes: FloatArray
    labels: IntArray
    iscrowd: BoolArray


class Errors(NamedTuple):
    """Where the result is written, by row of the tables.

    Attributes:
        kinds: Shape (N,).
        gt_rows: Shape (N,), the box that was hit or that the error is about, or -1.
        ignored: Shape (N,), detections within a crowd.
        fixes: Shape (N,), the detection that would hit its box if its error were fixed.
        used: Shape (G,), boxes that were hit.
        usable: Shape (G,), boxes that a corrected detection would hit.
    """

    kinds: Int8Array
    gt_rows: IntArray
    ignored: BoolArray
    fixes: BoolArray
    used: BoolArray
    usable: BoolArray


@jit
def _iou(a: FloatArray, b: FloatArray, crowd: bool) -> float:  # pragma: no cover
    """Return the IoU of two boxes; over a crowd, the share of `a` inside it."""
    aw, ah, bw, bh = a[2] - a[0], a[3] - a[1], b[2] - b[0], b[3] - b[1]
    w = min(aw + a[0], bw + b[0]) - max(a[0], b[0])
    h = min(ah + a[1], bh + b[1]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / (aw * ah if crowd else aw * ah + bw * bh - w * h)


@jit
def _take(
    ious: FloatArray, same: BoolArray, pos_thr: float, used: BoolArray
) -> IntArray:  # pragma: no cover
    """Return which box each detection takes, shape (D,), or -1; `used` (G,) is written.

    Args:
        ious: Shape (D, G), detections by falling score.
        same: Shape (D, G), where the classes agree.
        pos_thr: A detection hits from this IoU on.
        used: Out.
    """
    taken = np.full(len(ious), -1, np.int64)
    for d in range(len(ious)):
        best = 0.0
        for g in range(ious.shape[1]):
            if same[d, g] and not used[g] and ious[d, g] > best and ious[d, g] >= pos_thr:
                taken[d], best = g, ious[d, g]
        if taken[d] >= 0:
            used[taken[d]] = True
    return taken


@jit
def _why_no_hit(
    ious: FloatArray, same: BoolArray, used: BoolArray, pos_thr: float, bg_thr: float
) -> tuple[int, int]:  # pragma: no cover
    """Return the error of a detection and the box it is about, or -1; all of shape (G,)."""
    own, other, duplicate, any_box = -1, -1, -1, -1
    own_iou, other_iou, duplicate_iou, any_iou = 0.0, 0.0, 0.0, 0.0
    for g in range(len(ious)):
        if ious[g] > any_iou:
            any_box, any_iou = g, ious[g]
        if same[g] and ious[g] > own_iou:
            own, own_iou = g, ious[g]
        if not same[g] and ious[g] > other_iou:
            other, other_iou = g, ious[g]
        if same[g] and used[g] and ious[g] > duplicate_iou:
            duplicate, duplicate_iou = g, ious[g]
    if own >= 0 and bg_thr <= own_iou <= pos_thr:
        return LOC, own
    if other >= 0 and other_iou >= pos_thr:
        return CLS, other
    if duplicate >= 0 and duplicate_iou >= pos_thr:
        return DUPE, duplicate
    if any_iou <= bg_thr:
        return BKG, -1
    return BOTH, any_box


@jit
def _overlaps(
    rows: IntArray, first: int, end: int, dets: Detections, truth: Truth, pos_thr: float,
    ignored: BoolArray,
) -> tuple[FloatArray, BoolArray]:  # fmt: skip  # pragma: no cover
    """Return the IoUs (D, G) and where the classes agree (D, G); mark detections in a crowd.

    A crowd itself is nothing to hit or to be confused with: its IoUs are 0.
    """
    ious = np.zeros((len(rows), end - first))
    same = np.zeros((len(rows), end - first), np.bool_)
    for d, row in enumerate(rows):
        for g in range(first, end):
            iou = _iou(dets.bboxes[row], truth.bboxes[g], truth.iscrowd[g])
            same[d, g - first] = dets.labels[row] == truth.labels[g]
            if not truth.iscrowd[g]:
                ious[d, g - first] = iou
            elif same[d, g - first] and iou > pos_thr:
                ignored[row] = True
    return ious, same


@jit
def classify_images(
    start: int, stop: int, dets: Detections, truth: Truth, pos_thr: float, bg_thr: float,
    max_dets: int, out: Errors,
) -> None:  # fmt: skip  # pragma: no cover
    """Say for the detections on the images start..stop whether they hit, and if not, why.

    Args:
        start: First image.
        stop: One past the last image.
        dets: The detections.
        truth: The annotated boxes.
        pos_thr: A detection hits from this IoU on.
        bg_thr: Up to this IoU a detection is on background.
        max_dets: How many detections of an image count, of all classes together.
        out: Where the result is written.
    """
    for image in range(start, stop):
        rows = dets.rows[dets.offsets[image] : dets.offsets[image + 1]][:max_dets]
        first, end = truth.offsets[image], truth.offsets[image + 1]
        ious, same = _overlaps(rows, first, end, dets, truth, pos_thr, out.ignored)
        taken = _take(ious, same, pos_thr, out.used[first:end])
        for d, row in enumerate(rows):
            if taken[d] >= 0:
                out.kinds[row], out.gt_rows[row] = NO_ERROR, first + taken[d]
                out.ignored[row] = False
                continue
            kind, g = _why_no_hit(ious[d], same[d], out.used[first:end], pos_thr, bg_thr)
            out.kinds[row] = kind
            if g < 0:
                continue
            box = first + g
            out.gt_rows[row] = box
            if kind in (CLS, LOC) and not out.used[box] and not out.usable[box]:
                out.fixes[row], out.usable[box] = True, True
