"""A metric by class under many weightings of the images, from one matching."""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.compiled.jit import jit
from custom.compiled.threads import over_ranges
from custom.evaluation.average_precision import RECALL_THRS, mean_ap_of_classes
from custom.evaluation.matches import Integers, Matches
from custom.evaluation.metrics import Metric
from custom.evaluation.metrics.coco import ap_per_class
from custom.evaluation.scoring import score_matches


def score_weightings(matches: Matches, metric: Metric, image_weights: Integers) -> FloatArray:
    """Return the metric by weighting and class, shape (R, C); NaN for a class without boxes.

    Args:
        matches: As `match_for` makes them for the metric.
        metric: The metric.
        image_weights: Shape (R, I), whole numbers: how often each image counts.
    """
    if metric.per_class is not ap_per_class:
        return np.stack([score_matches(matches, metric, row).per_class for row in image_weights])
    values = np.full((len(image_weights), matches.num_classes), np.nan)
    counted, outcomes = ~matches.gt_ignored[0], matches.outcomes[0]
    over_ranges(
        _ap_of_weightings, len(image_weights), len(image_weights) * outcomes.size,
        image_weights.astype(np.int32), matches.gt_image_index[counted],
        matches.gt_labels[counted], outcomes, matches.class_offsets, matches.image_index,
        matches.ranks, matches.max_dets, RECALL_THRS, values,
    )  # fmt: skip
    return values


@jit
def _ap_of_weightings(
    start: int,
    stop: int,
    image_weights: Integers,
    gt_image_index: IntArray,
    gt_labels: IntArray,
    outcomes: Integers,
    class_offsets: IntArray,
    image_index: Integers,
    ranks: Integers,
    max_dets: int,
    recall_thrs: FloatArray,
    values: FloatArray,
) -> None:  # pragma: no cover
    """Write the AP by class, the mean over the IoU thresholds, to rows of `values` (R, C)."""
    num_gt = np.empty(values.shape[1], np.int64)
    precision, hits = np.empty(outcomes.shape[1]), np.empty(outcomes.shape[1], np.int64)
    for row in range(start, stop):
        mean_ap_of_classes(
            values[row], image_weights[row], gt_image_index, gt_labels, outcomes, class_offsets,
            image_index, ranks, max_dets, recall_thrs, num_gt, precision, hits,
        )  # fmt: skip
