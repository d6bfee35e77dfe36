"""How many images, folds or seeds it takes to see a gain, before anything is trained.

The error of a difference by the images falls with the root of their number, that by the seeds with
the root of theirs; both are taken as normal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np

from custom.boxes import FloatArray
from custom.errors import PodiumError
from custom.evaluation.bootstrap import WIDENING
from custom.gate.difference import SeedNoise, even_draws_of_t
from custom.gate.policy import GatePolicy

SEEDS = (1, 2, 3, 5)
# Nobody finds or labels more than so many times the val images.
_OUT_OF_REACH = 50
_ANGLES = np.linspace(0, np.pi / 2, 21)
# Of the scores of two trainings of one detector on other folds, by the same resamples of the
# images; .75 to .9 where only a setting differs (`benchmarks/gate_calibration.py`).
CORRELATION = 0.55
# Of mAP50 on 977 images of the trash data, by a Faster R-CNN; where no run can be asked.
USUAL_ERROR, USUAL_IMAGES, USUAL_FOLDS = 0.018, 977, 5
# Four runs of one team gave .6197 to .6283; where this project's runs do not say.
USUAL_SEED_NOISE = SeedNoise(0.004, 3)


@dataclass(frozen=True)
class Setting:
    """What a comparison will be made on.

    Attributes:
        num_images: Val images of one fold.
        num_folds: How many folds there are.
        score_error: Standard error of one run's score by the images of a fold.
        correlation: Between the scores of both sides over resamples of the images.
        noise: Of the seeds.
        origin: Where these numbers come from, in words.
    """

    num_images: int
    num_folds: int
    score_error: float
    correlation: float
    noise: SeedNoise
    origin: str

    def __post_init__(self) -> None:
        if not -1 <= self.correlation < 1:
            raise PodiumError(f"correlation must be -1 to below 1, but is {self.correlation:g}")
        if self.num_images < 1:
            raise PodiumError(f"images must be at least 1, but is {self.num_images}")

    def error(self, num_images: float) -> float:
        """Return the standard error of a difference by this number of images."""
        of_fold = self.score_error * math.sqrt(2 * (1 - self.correlation))
        return of_fold * math.sqrt(self.num_images / num_images)


def chance_of_accepting(
    gain: float, error: float, policy: GatePolicy, deviation: float = 0.0, seeds: int = 1
) -> float:
    """Return how likely the gate accepts a true gain.

    Args:
        gain: The true gain.
        error: Standard error of the measured difference by the images.
        policy: Its smallest gain and confidence.
        deviation: Of runs that differ in the seed alone.
        seeds: Runs a side; the noise of the seeds is in the interval from two on.
    """
    normal, by_seeds = NormalDist(), deviation * math.sqrt(2 / seeds)
    limits = np.array([normal.inv_cdf((1 + policy.confidence) / 2) * error])
    if seeds > 1:
        # The gate estimates the noise from the seeds themselves, and Student's t allows for it.
        degrees = 2 * (seeds - 1)
        estimates = by_seeds * _even_draws_of_chi(degrees)
        angles = np.arctan2(estimates, error)
        quantiles = _quantiles_of_sum(degrees, policy.confidence)
        limits = np.hypot(error, estimates) * np.interp(angles, _ANGLES, quantiles)
    spread = math.hypot(error, by_seeds)
    above = (gain - policy.smallest_gain - WIDENING * limits) / spread
    return float(np.mean([normal.cdf(each) for each in above.tolist()]))


def images_needed(gain: float, setting: Setting, policy: GatePolicy, seeds: int) -> int | None:
    """Return how many val images a gain takes to be accepted with the policy's power.

    None where no number within reach would do. That more seeds lower the error by the images a
    little too is not counted.

    Raises:
        PodiumError: If it is no gain.
    """
    if not policy.smallest_gain < gain < 1:
        raise PodiumError(
            f"gain must be above the smallest useful gain, {policy.smallest_gain:g}, and below 1, "
            f"but is {gain:g}"
        )
    low, high = 1, _OUT_OF_REACH * setting.num_folds * setting.num_images

    def enough(num_images: int) -> bool:
        error = setting.error(num_images)
        chance = chance_of_accepting(gain, error, policy, setting.noise.deviation, seeds)
        return chance >= policy.power

    if not enough(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low


def format_plan(gain: float, setting: Setting, policy: GatePolicy) -> str:
    """Return the plan as lines of text: the chance by folds and seeds, then what it takes."""
    folds = range(1, setting.num_folds + 1)
    header = " | ".join(f"{n} run{'s' * (n > 1)} a side" for n in SEEDS)
    deviation = setting.noise.deviation
    lines = [
        f"How likely a true gain of {gain:+.4f} {policy.metric} is accepted "
        f"({policy.confidence:.0%}, smallest useful gain {policy.smallest_gain:g}):",
        "",
        f"| folds | val images | {header} |",
        "|---" * (2 + len(SEEDS)) + "|",
    ]
    for count in folds:
        error = setting.error(count * setting.num_images)
        chances = [chance_of_accepting(gain, error, policy, deviation, n) for n in SEEDS]
        cells = " | ".join(f"{chance:.0%}" for chance in chances)
        lines.append(f"| {count} | {count * setting.num_images:,} | {cells} |")
    lines += ["", f"For {policy.power:.0%} it takes:"]
    lines += [_needed(gain, setting, policy, seeds) for seeds in SEEDS]
    by_luck = chance_of_accepting(policy.smallest_gain, setting.error(setting.num_images), policy,
                                  deviation)  # fmt: skip
    return "\n".join(
        [
            *lines, "", setting.origin,
            f"One run a side does not see the noise of its seed: on one fold {by_luck:.1%} of "
            "changes that bring nothing would be accepted.",
        ]
    )  # fmt: skip


def _needed(gain: float, setting: Setting, policy: GatePolicy, seeds: int) -> str:
    images = images_needed(gain, setting, policy, seeds)
    start = f"- {seeds} run{'s' * (seeds > 1)} a side: "
    if images is None:
        return start + "no number of images within reach"
    folds = math.ceil(images / setting.num_images)
    fits = f"{folds} fold{'s' * (folds > 1)}"
    if folds > setting.num_folds:
        fits = f"more than the {setting.num_folds} folds there are"
    return f"{start}{images:,} val images ({fits})"


@cache
def _even_draws_of_chi(degrees: int, num: int = 500) -> FloatArray:
    """Return estimates of a standard deviation of 1 with these degrees of freedom, (num,)."""
    many = np.sort(np.random.default_rng(0).chisquare(degrees, 100 * num))
    return np.sqrt(many[50::100] / degrees)


@cache
def _quantiles_of_sum(degrees: int, confidence: float) -> FloatArray:
    """Return the upper end of the interval of a normal times cos plus a t times sin, by angle."""
    rng = np.random.default_rng(0)
    normal, t = rng.standard_normal(100_000), even_draws_of_t(degrees, 100_000, 1)
    sums = (np.cos(angle) * normal + np.sin(angle) * t for angle in _ANGLES.tolist())
    return np.array([np.quantile(np.abs(each), confidence) for each in sums])
