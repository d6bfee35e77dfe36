"""How many more val images or seeds would settle what is inconclusive yet."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from custom.evaluation.bootstrap import WIDENING
from custom.gate.difference import Difference, SeedNoise


@dataclass(frozen=True)
class Needed:
    """What would settle it, if the true difference is what was measured.

    Attributes:
        images: Val images in all, with the seeds there are; None if no number would.
        seeds: Runs a side, with the images there are; None if no number would, or if the noise of
            the seeds is unknown.
        times: How many times as many images and seeds together; None if no number would.
    """

    images: int | None
    seeds: int | None
    times: float | None


def needed_to_settle(
    difference: Difference, smallest_gain: float, confidence: float, power: float,
    noise: SeedNoise | None, sign: int = 1,
) -> Needed:  # fmt: skip
    """Return how many images or seeds would give a verdict with probability `power`.

    The error by images falls with the root of their number, that by seeds with the root of theirs;
    both are taken as normal.

    Args:
        difference: What was measured.
        smallest_gain: The bound that the interval must not contain.
        confidence: Of the interval, as it is used.
        power: The probability of a verdict.
        noise: Of the seeds, if known.
        sign: Of the metric: -1 where less is better.
    """
    distance = abs(sign * float(difference.values[-1]) - smallest_gain)
    normal = NormalDist()
    reach = WIDENING * normal.inv_cdf((1 + confidence) / 2) + normal.inv_cdf(power)
    if distance == 0 or not math.isfinite(distance):
        return Needed(None, None, None)
    allowed = (distance / reach) ** 2  # the variance that may be left
    by_images = difference.image_error**2
    by_seeds = difference.seed_error(noise) ** 2
    images = seeds = None
    if allowed > by_seeds:
        images = math.ceil(difference.num_images * by_images / (allowed - by_seeds))
    if noise is not None and noise.deviation > 0 and allowed > by_images:
        seeds = math.ceil(2 * noise.deviation**2 / (allowed - by_images))
    return Needed(images, seeds, (by_images + by_seeds) / allowed)
