"""Hits and misses by image and class, for the metrics that count instead of ranking."""

from __future__ import annotations

import numpy as np

from custom.boxes import IntArray
from custom.evaluation.kernels import HIT, MISS
from custom.evaluation.matches import Matches


def count_by_image(matches: Matches, outcome: int) -> IntArray:
    """Return how many detections have this outcome, shape (T, I, C), in the first area range."""
    shape = (matches.num_images, matches.num_classes)
    cells = matches.image_index * np.int64(matches.num_classes) + matches.labels
    counts = [
        np.bincount(cells[row == outcome], minlength=shape[0] * shape[1]).reshape(shape)
        for row in matches.outcomes[0]
    ]
    return np.array(counts, dtype=np.int64)


def hits_and_misses(matches: Matches) -> tuple[IntArray, IntArray, IntArray]:
    """Return true positives (T, I, C), false positives (T, I, C) and annotated boxes (I, C)."""
    counted = ~matches.gt_ignored[0]
    cells = matches.gt_image_index[counted] * matches.num_classes + matches.gt_labels[counted]
    shape = (matches.num_images, matches.num_classes)
    num_gt = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
    return count_by_image(matches, int(HIT)), count_by_image(matches, int(MISS)), num_gt
