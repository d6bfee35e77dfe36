"""Bootstrap over images: how much a score, or the difference of two, depends on the val images.

Images that belong together (`Matches.groups`: a video, near-duplicates) are drawn together, and an
image that is alone is a group of one. An image drawn m times counts m times: its detections and
boxes get the weight m, and nothing is matched again. Resample r is a function of (seed, r) alone:
two models see the same resamples, whatever the number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.compiled.jit import jit
from custom.compiled.threads import over_ranges
from custom.errors import PodiumError
from custom.evaluation.average_precision import RECALL_THRS, mean_ap_of_classes
from custom.evaluation.draws import draw_groups
from custom.evaluation.matches import Integers, Matches
from custom.evaluation.metrics import DEFAULT_METRIC, Metric, metric_of
from custom.evaluation.metrics.coco import ap_per_class
from custom.evaluation.rare import with_rare_classes
from custom.evaluation.scoring import score_matches

NUM_RESAMPLES = 2000
# Percentiles of a difference lie a little too close: of equal models, made from real ones by
# swapping their predictions image by image, 2.8% to 3.0% were told apart on either side where 2.5%
# may be (`benchmarks/gate_calibration.py`). So its interval is this much wider.
WIDENING = 1.08


@dataclass(frozen=True, eq=False)
class PairedInterval:
    """The difference a - b of two models on the same images, with its bootstrap interval.

    Attributes:
        difference: Of the metric, on the images as they are.
        low: Lower end of the interval.
        high: Upper end of the interval.
        per_class: Shape (C,), differences by class; NaN for a class without boxes.
        per_class_low: Shape (C,).
        per_class_high: Shape (C,).
        num_gt: Shape (C,), how many boxes each class's difference rests on.
        samples: Shape (R, C+1), the differences of the resamples; the last column is the mean.
        confidence: Of the interval.
    """

    difference: float
    low: float
    high: float
    per_class: FloatArray
    per_class_low: FloatArray
    per_class_high: FloatArray
    num_gt: IntArray
    samples: FloatArray
    confidence: float

    @property
    def standard_error(self) -> float:
        """The standard deviation of the resampled difference."""
        return float(np.nanstd(self.samples[:, -1]))


def bootstrap_ap(
    matches: Matches,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
    groups: IntArray | None = None,
) -> FloatArray:
    """Return the AP of resampled images, shape (R, C+1); the last column is the mean over classes.

    Args:
        matches: The AP is the mean over the IoU thresholds matched, in the first area range.
        num_resamples: R.
        seed: Tables with the same groups and the same seed are resampled alike.
        groups: Shape (I,), equal numbers for images that are drawn together; those of the matches
            if None.

    Returns:
        NaN where a class has no boxes in a resample. A class with boxes on few images stands in
        the mean with an error that is learnt from the others, see `rare.with_rare_classes`.
    """
    group_index = _checked_groups(matches, num_resamples, groups)
    samples = np.full((num_resamples, matches.num_classes + 1), np.nan)
    counted = ~matches.gt_ignored[0]
    outcomes = matches.outcomes[0]
    over_ranges(
        _ap_of_resamples, num_resamples, num_resamples * outcomes.size,
        seed, group_index, matches.gt_image_index[counted], matches.gt_labels[counted],
        outcomes, matches.class_offsets, matches.image_index, matches.ranks, matches.max_dets,
        RECALL_THRS, samples,
    )  # fmt: skip
    return with_rare_classes(samples, matches, ap_per_class, group_index, seed)


def bootstrap_metric(
    matches: Matches,
    metric: str | Metric,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
    groups: IntArray | None = None,
) -> FloatArray:
    """Return any metric of resampled images, shape (R, C+1), from the same resamples."""
    chosen = metric_of(metric)
    if chosen.per_class is ap_per_class:
        return bootstrap_ap(matches, num_resamples, seed, groups)
    group_index = _checked_groups(matches, num_resamples, groups)
    samples = np.empty((num_resamples, matches.num_classes + 1))
    times = np.empty(int(group_index.max()) + 1, np.int32)
    weights = np.empty(matches.num_images, np.int32)
    for r in range(num_resamples):
        draw_groups(seed, r, group_index, times, weights)
        result = score_matches(matches, chosen, weights)
        samples[r] = [*result.per_class, result.value]
    return with_rare_classes(samples, matches, chosen.per_class, group_index, seed)


def paired_bootstrap(
    matches_a: Matches,
    matches_b: Matches,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
    confidence: float = 0.95,
    metric: str | Metric = DEFAULT_METRIC,
    groups: IntArray | None = None,
) -> PairedInterval:
    """Return the difference a - b with its interval, both models on the same resamples.

    Args:
        matches_a: The first model's, as `match_for` makes them for the metric.
        matches_b: The second model's, on the same images in the same order.
        num_resamples: How often the images are drawn.
        seed: Of the draws.
        confidence: Of the interval, two-sided, see `paired_interval_of`.
        metric: The metric, or its name.
        groups: Shape (I,), equal numbers for images that are drawn together; those of `matches_a`
            if None.

    Raises:
        PodiumError: If the two are not on the same images and boxes.
    """
    _check_pair(matches_a, matches_b, confidence)
    chosen = metric_of(metric)
    a, b = (score_matches(matches, chosen) for matches in (matches_a, matches_b))
    groups = matches_a.groups if groups is None else groups
    samples = bootstrap_metric(matches_a, chosen, num_resamples, seed, groups)
    samples -= bootstrap_metric(matches_b, chosen, num_resamples, seed, groups)
    low, high = paired_interval_of(samples, confidence)
    return PairedInterval(
        a.value - b.value, float(low[-1]), float(high[-1]), a.per_class - b.per_class,
        low[:-1], high[:-1], a.num_gt, samples, confidence,
    )  # fmt: skip


def interval_of(samples: FloatArray, confidence: float) -> tuple[FloatArray, FloatArray]:
    """Return the two ends of the percentile interval of each column; NaN where all are NaN."""
    tail = (1 - confidence) / 2
    ends = np.full((2, samples.shape[1]), np.nan)
    for column in range(samples.shape[1]):
        known = samples[:, column][~np.isnan(samples[:, column])]
        if len(known):
            ends[:, column] = np.quantile(known, [tail, 1 - tail])
    return ends[0], ends[1]


def paired_interval_of(samples: FloatArray, confidence: float) -> tuple[FloatArray, FloatArray]:
    """Return the two ends of the interval of differences: percentiles, a little further apart."""
    low, high = interval_of(samples, confidence)
    further = (WIDENING - 1) / 2 * (high - low)
    return low - further, high + further


def _checked_groups(matches: Matches, num_resamples: int, groups: IntArray | None) -> IntArray:
    """Return the group of each image, 0..G-1 in the order of first images, shape (I,)."""
    if num_resamples < 1:
        raise PodiumError(f"num_resamples must be at least 1, but is {num_resamples}")
    if matches.num_images == 0:
        raise PodiumError("a bootstrap needs at least one image, but there is none")
    groups = matches.groups if groups is None else np.asarray(groups)
    if not len(groups):
        return np.arange(matches.num_images)
    if len(groups) != matches.num_images:
        raise PodiumError(
            f"groups must be {matches.num_images} numbers, one an image, but are {len(groups)}"
        )
    _, firsts, index = np.unique(groups, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(firsts))[index]


def _check_pair(a: Matches, b: Matches, confidence: float) -> None:
    if not 0 < confidence < 1:
        raise PodiumError(f"confidence must be between 0 and 1, but is {confidence}")
    if not np.array_equal(a.image_ids, b.image_ids):
        raise PodiumError(
            f"both models must be matched on the same images, but one is on {a.num_images}, the "
            f"other on {b.num_images}, or in another order"
        )
    same_boxes = np.array_equal(a.gt_labels, b.gt_labels) and np.array_equal(
        a.gt_image_index, b.gt_image_index
    )
    if not same_boxes:
        raise PodiumError(
            f"both models must be matched to the same boxes, but one has {len(a.gt_labels)}, the "
            f"other {len(b.gt_labels)}, or of other classes: score both against one annotation file"
        )


@jit
def _ap_of_resamples(
    start: int,
    stop: int,
    seed: int,
    group_index: IntArray,
    gt_image_index: IntArray,
    gt_labels: IntArray,
    outcomes: Integers,
    class_offsets: IntArray,
    image_index: Integers,
    ranks: Integers,
    max_dets: int,
    recall_thrs: FloatArray,
    samples: FloatArray,
) -> None:  # pragma: no cover
    """Write the AP by class and their mean to the rows start..stop of `samples` (R, C+1)."""
    num_classes = samples.shape[1] - 1
    weights = np.empty(len(group_index), np.int32)
    times = np.empty(group_index.max() + 1, np.int32)
    num_gt = np.empty(num_classes, np.int64)
    precision, hits = np.empty(outcomes.shape[1]), np.empty(outcomes.shape[1], np.int64)
    for r in range(start, stop):
        draw_groups(seed, r, group_index, times, weights)
        mean_ap_of_classes(
            samples[r], weights, gt_image_index, gt_labels, outcomes, class_offsets,
            image_index, ranks, max_dets, recall_thrs, num_gt, precision, hits,
        )  # fmt: skip
        known, total = 0, 0.0
        for label in range(num_classes):
            if num_gt[label] > 0:
                known, total = known + 1, total + samples[r, label]
        if known > 0:
            samples[r, num_classes] = total / known
