"""Counting what is wrong with predictions, in one pass: where nothing is, no more is looked at."""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.compiled.jit import jit

# The last two are no faults but rounding: a side by up to a pixel, a score by up to a millionth.
NOT_FINITE, SCORE, LABEL, DEGENERATE, OUTSIDE, ROUNDED, ROUNDED_SCORE, NUM_FAULTS = range(8)


@jit
def count_faults(
    first: int,
    last: int,
    offsets: IntArray,
    bboxes: FloatArray,
    scores: FloatArray,
    labels: IntArray,
    sizes_hw: IntArray,
    tolerance_px: float,
    score_tolerance: float,
    max_label: int,
    faults: IntArray,
) -> None:
    """Count, in `faults` (I, NUM_FAULTS), each image's boxes that are wrong in each way.

    A side of 0 in `sizes_hw` is unknown and has no outside.
    """
    for image in range(first, last):
        height, width = sizes_hw[image, 0], sizes_hw[image, 1]
        for row in range(offsets[image], offsets[image + 1]):
            x1, y1, x2, y2 = bboxes[row, 0], bboxes[row, 1], bboxes[row, 2], bboxes[row, 3]
            if not np.isfinite(x1 + y1 + x2 + y2 + scores[row]):
                faults[image, NOT_FINITE] += 1
                continue
            if not -score_tolerance <= scores[row] <= 1.0 + score_tolerance:
                faults[image, SCORE] += 1
            elif not 0.0 <= scores[row] <= 1.0:
                faults[image, ROUNDED_SCORE] += 1
            if not 0 <= labels[row] <= max_label:
                faults[image, LABEL] += 1
            if x2 <= x1 or y2 <= y1:
                faults[image, DEGENERATE] += 1
            beyond = max(-x1, -y1)
            if width > 0 and height > 0:
                beyond = max(beyond, x2 - width, y2 - height)
            if beyond > tolerance_px:
                faults[image, OUTSIDE] += 1
            elif beyond > 0.0:
                faults[image, ROUNDED] += 1
