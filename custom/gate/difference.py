"""The difference of two sides, with the noise of the val images and of the seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.evaluation import Metric, bootstrap_metric, match_at_best, metric_of, score_matches
from custom.evaluation.bootstrap import paired_interval_of
from custom.gate.evidence import Pooled
from custom.tables import Predictions


@dataclass(frozen=True)
class SeedNoise:
    """How much the metric varies between runs that differ in the seed alone.

    Attributes:
        deviation: Standard deviation of one run.
        degrees: Degrees of freedom it was estimated with: runs less groups.
    """

    deviation: float
    degrees: int


@dataclass(frozen=True, eq=False)
class Difference:
    """New less baseline; the last column of every array is the mean over classes.

    Attributes:
        new: Shape (C+1,), the new side's values, the mean over its replicates.
        baseline: Shape (C+1,).
        samples: Shape (R, C+1), differences as they might have come out on other images, and with
            other seeds where the seeds' noise is known from this comparison.
        num_gt: Shape (C,), the boxes behind each class.
        num_images: How many val images there are.
        num_new: Replicates of the new side.
        num_baseline: Replicates of the baseline.
        image_error: Standard error of the mean difference by the images.
        seed_noise: Between the replicates here; None if there is one a side.
    """

    new: FloatArray
    baseline: FloatArray
    samples: FloatArray
    num_gt: IntArray
    num_images: int
    num_new: int
    num_baseline: int
    image_error: float
    seed_noise: SeedNoise | None

    @property
    def values(self) -> FloatArray:
        """The differences, shape (C+1,)."""
        return self.new - self.baseline

    def interval(self, confidence: float) -> tuple[FloatArray, FloatArray]:
        """Return the two ends of the interval, each of shape (C+1,)."""
        return paired_interval_of(self.samples, confidence)

    def seed_error(self, noise: SeedNoise | None) -> float:
        """Return the standard error by seeds that this noise means here; 0 if it is unknown."""
        if noise is None:
            return 0.0
        return float(noise.deviation * np.sqrt(1 / self.num_new + 1 / self.num_baseline))


def difference_of(pooled: Pooled, metric: str, num_resamples: int, seed: int) -> Difference:
    """Compare the two sides: every replicate sees the same resampled images.

    A metric that punishes every false box is taken at the score threshold that is best for each
    replicate, on the images as they are.
    """
    chosen = metric_of(metric)
    new, new_samples, num_gt = _side(pooled, pooled.new, chosen, num_resamples, seed)
    baseline, samples, _ = _side(pooled, pooled.baseline, chosen, num_resamples, seed)
    difference = new_samples - samples
    values = (new, baseline)
    known = difference[:, -1][np.isfinite(difference[:, -1])]
    image_error = float(known.std()) if len(known) else float("nan")
    deviations, degrees = pooled_deviation(values)
    if degrees:
        errors = deviations * np.sqrt(1 / len(new) + 1 / len(baseline))
        # Few seeds say little about their own spread: Student's t has the tails for that.
        draws = even_draws_of_t(degrees, num_resamples, seed)
        difference = difference + draws[:, None] * errors
    noise = SeedNoise(float(deviations[-1]), degrees) if degrees else None
    return Difference(
        new.mean(axis=0), baseline.mean(axis=0), difference, num_gt,
        len(pooled.gt.images), len(new), len(baseline), image_error, noise,
    )  # fmt: skip


def even_draws_of_t(degrees: int, num: int, seed: int) -> FloatArray:
    """Return draws of Student's t in random order, shape (num,), that spread as evenly as t does.

    Plain draws are few in the tails that decide: of 500 with 2 degrees of freedom and seed 0, the
    97.5% quantile is 3.53 where t has 4.30, and 3.6% of equal models would be told apart on that
    side. Here each draw is the middle one of a hundred, in order.
    """
    rng = np.random.default_rng(seed)
    many = np.sort(rng.standard_t(degrees, 100 * num))
    return rng.permutation(many[50::100])


def pooled_deviation(groups: Sequence[FloatArray]) -> tuple[FloatArray, int]:
    """Return the standard deviation within groups, and its degrees of freedom.

    Args:
        groups: Each of shape (S, K): S replicates of one setting, K values each.
    """
    squares = sum(((group - group.mean(axis=0)) ** 2).sum(axis=0) for group in groups)
    degrees = sum(len(group) - 1 for group in groups)
    return np.sqrt(np.asarray(squares) / max(degrees, 1)), degrees


def _side(
    pooled: Pooled, side: Sequence[Predictions], metric: Metric, num_resamples: int, seed: int
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return the replicates' values (S, C+1), their mean resampled values (R, C+1), and num_gt."""
    values, total = [], np.zeros((num_resamples, len(pooled.gt.categories) + 1))
    for predictions in side:
        matches, _ = match_at_best(pooled.gt, predictions, metric)
        result = score_matches(matches, metric)
        values.append([*result.per_class, result.value])
        total += bootstrap_metric(matches, metric, num_resamples, seed)
    return np.array(values), total / len(side), result.num_gt
