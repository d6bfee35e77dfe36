from __future__ import annotations

import numpy as np

from custom.gate import Evidence
from custom.tables import GroundTruth, Predictions
from tests.evaluation.cases import make_gt, make_predictions

SPLIT = "a" * 64


def found(hit_shares, num_images: int, seed: int) -> tuple[GroundTruth, Predictions]:
    """One box an image and class; class c is hit with probability `hit_shares[c]`, else missed.

    All scores differ and no box is wrong, so a class's AP50 is nearly its share of hits.
    """
    rng = np.random.default_rng(seed)
    gt_rows, det_rows = [], []
    for image in range(num_images):
        for label, share in enumerate(hit_shares):
            box = (200 * label, 0, 200 * label + 100, 100)
            gt_rows.append((image, label, *box))
            if rng.uniform() < share:
                det_rows.append((image, label, rng.uniform(), *box))
    gt = make_gt(gt_rows, num_images, len(hit_shares))
    return gt, make_predictions(det_rows, num_images)


def evidence(hit_shares, seed: int, num_images: int = 300, **changes) -> Evidence:
    """A run whose classes are hit with these probabilities."""
    gt, predictions = found(hit_shares, num_images, seed)
    values = {"name": f"run{seed}", "seed": seed, "fold": 0, "split_hash": SPLIT, **changes}
    return Evidence(gt=gt, predictions=predictions, **values)
