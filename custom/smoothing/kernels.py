"""Compiled kernels: one object's scores in the frames around, and what they are together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.compiled.jit import jit


class Frames(NamedTuple):
    """Frames by video and time, with their boxes.

    Attributes:
        times: Shape (F,), rising within a video, in the unit of the reach.
        first: Shape (F,), the place of the first frame of each frame's video.
        end: Shape (F,), the place behind its last one.
        starts: Shape (F,), the first row of each frame's boxes.
        stops: Shape (F,), the row behind its last one.
        bboxes: Shape (N, 4), xyxy.
        scores: Shape (N,), as the model gave them.
        labels: Shape (N,).
    """

    times: FloatArray
    first: IntArray
    end: IntArray
    starts: IntArray
    stops: IntArray
    bboxes: FloatArray
    scores: FloatArray
    labels: IntArray


class Rule(NamedTuple):
    """See `Smoothing`; `reach` has its tolerance, `method` is a number."""

    reach: float
    iou_thr: float
    most: int
    method: int
    past_only: bool


@jit
def smooth_frames(
    start: int, stop: int, frames: Frames, rule: Rule, out: FloatArray
) -> None:  # pragma: no cover
    """Write the smoothed scores of the frames start..stop to `out` (N,)."""
    widest = 1
    for place in range(len(frames.starts)):
        widest = max(widest, frames.stops[place] - frames.starts[place])
    values, weights = np.empty((widest, rule.most)), np.empty((widest, rule.most))
    counts = np.empty(widest, np.int64)
    mine, theirs = np.empty(widest, np.int64), np.empty(widest, np.int64)
    mine_iou, theirs_iou = np.empty(widest), np.empty(widest)
    for place in range(start, stop):
        a0, a1 = frames.starts[place], frames.stops[place]
        if a0 == a1:
            continue
        for a in range(a0, a1):
            values[a - a0, 0], weights[a - a0, 0], counts[a - a0] = frames.scores[a], 1.0, 1
        before, after = place - 1, place + 1
        full = 0
        while full < a1 - a0:
            other, distance = _next_frame(frames, rule, place, before, after)
            if other < 0:
                break
            if other < place:
                before = other - 1
            else:
                after = other + 1
            b0, b1 = frames.starts[other], frames.stops[other]
            _match(frames, rule.iou_thr, a0, a1, b0, b1, mine, mine_iou, theirs, theirs_iou)
            weight = np.exp(-0.5 * (3.0 * distance / rule.reach) ** 2)
            for k in range(a1 - a0):
                b = mine[k]
                if b < 0 or theirs[b] != k or counts[k] == rule.most:
                    continue
                values[k, counts[k]], weights[k, counts[k]] = frames.scores[b0 + b], weight
                counts[k] += 1
                if counts[k] == rule.most:
                    full += 1
        for k in range(a1 - a0):
            out[a0 + k] = _together(values[k, : counts[k]], weights[k, : counts[k]], rule.method)


@jit
def _next_frame(
    frames: Frames, rule: Rule, place: int, before: int, after: int
) -> tuple[int, float]:  # pragma: no cover
    """Return the nearest frame that was not looked at, the earlier of two, and how far it is."""
    past, future = np.inf, np.inf
    if before >= frames.first[place]:
        past = frames.times[place] - frames.times[before]
    if not rule.past_only and after < frames.end[place]:
        future = frames.times[after] - frames.times[place]
    # Times are rounded: of two as far away the earlier one is taken.
    if past <= future + 1e-9:
        return (before, past) if past <= rule.reach else (-1, past)
    return (after, future) if future <= rule.reach else (-1, future)


@jit
def _match(
    frames: Frames, iou_thr: float, a0: int, a1: int, b0: int, b1: int, mine: IntArray,
    mine_iou: FloatArray, theirs: IntArray, theirs_iou: FloatArray,
) -> None:  # fmt: skip  # pragma: no cover
    """Write, for boxes of two frames, which one of the other frame and of its class fits best."""
    mine[: a1 - a0], theirs[: b1 - b0] = -1, -1
    mine_iou[: a1 - a0], theirs_iou[: b1 - b0] = iou_thr, iou_thr
    for a in range(a0, a1):
        ax, ay, ar, ab = frames.bboxes[a]
        for b in range(b0, b1):
            if frames.labels[a] != frames.labels[b]:
                continue
            bx, by, br, bb = frames.bboxes[b]
            w, h = min(ar, br) - max(ax, bx), min(ab, bb) - max(ay, by)
            if w <= 0 or h <= 0:
                continue
            iou = w * h / ((ar - ax) * (ab - ay) + (br - bx) * (bb - by) - w * h)
            # Of two that fit as well the first is taken.
            if iou > mine_iou[a - a0] or (iou == mine_iou[a - a0] and mine[a - a0] < 0):
                mine[a - a0], mine_iou[a - a0] = b - b0, iou
            if iou > theirs_iou[b - b0] or (iou == theirs_iou[b - b0] and theirs[b - b0] < 0):
                theirs[b - b0], theirs_iou[b - b0] = a - a0, iou


@jit
def _together(values: FloatArray, weights: FloatArray, method: int) -> float:  # pragma: no cover
    """Return the median, the weighted mean, or the median of the majority of some scores."""
    if len(values) == 1:
        return values[0]
    if method == 1:
        return (values * weights).sum() / weights.sum()
    if method == 2:
        high = values >= 0.5
        num_high = high.sum()
        is_high = 2 * num_high > len(values) or (2 * num_high == len(values) and high[0])
        return float(np.median(values[high == is_high]))
    return float(np.median(values))
