from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.evaluation.bootstrap import WIDENING
from custom.gate import GatePolicy, SeedNoise
from custom.gate.plan import Setting, chance_of_accepting, images_needed

POLICY = GatePolicy()
LIMIT = WIDENING * NormalDist().inv_cdf(0.975)
REACH = LIMIT + NormalDist().inv_cdf(0.8)


def setting(deviation: float = 0.0, **changes) -> Setting:
    values = {"num_images": 1000, "num_folds": 5, "score_error": 0.02, "correlation": 0.5}
    return Setting(**{**values, **changes}, noise=SeedNoise(deviation, 3), origin="by hand")


def test_one_run_a_side_by_hand():
    assert chance_of_accepting(0.0, 0.01, POLICY) == pytest.approx(NormalDist().cdf(-LIMIT))
    assert chance_of_accepting(0.01 * REACH, 0.01, POLICY) == pytest.approx(0.8)
    smallest = GatePolicy(smallest_gain=0.005)
    assert chance_of_accepting(0.005 + 0.01 * REACH, 0.01, smallest) == pytest.approx(0.8)
    # The seed's noise is in what is measured, and not in the interval.
    expected = NormalDist().cdf((0.03 - LIMIT * 0.01) / np.hypot(0.01, 0.01 * np.sqrt(2)))
    assert chance_of_accepting(0.03, 0.01, POLICY, 0.01) == pytest.approx(expected)


def test_seeds_are_in_the_interval_as_the_gate_has_them():
    """Simulated: t of both sides' own spread, added to the images' error."""
    rng, trials, seeds, error, deviation, gain = np.random.default_rng(0), 2000, 3, 0.01, 0.01, 0.03
    sides = rng.normal(0, deviation, (2, trials, seeds)) + np.array([gain, 0])[:, None, None]
    measured = sides[0].mean(1) - sides[1].mean(1) + rng.normal(0, error, trials)
    own = np.sqrt(sides.var(axis=2, ddof=1).mean(axis=0) * 2 / seeds)
    draws = rng.normal(0, error, 4000) + rng.standard_t(4, 4000) * own[:, None]
    accepted = (measured + WIDENING * np.quantile(draws, 0.025, axis=1) > 0).mean()
    planned = chance_of_accepting(gain, error, POLICY, deviation, seeds)
    assert planned == pytest.approx(accepted, abs=0.04)


def test_images_needed_by_hand():
    # The error of a difference on 1,000 images is .02 * sqrt(2 * .5); it must fall to gain / reach.
    assert images_needed(0.02, setting(), POLICY, 1) == pytest.approx(1000 * REACH**2, abs=1)
    assert images_needed(0.0001, setting(), POLICY, 1) is None
    # More seeds make up for images, and no number of images for the noise of two.
    noisy = setting(0.01)
    needed = [images_needed(0.05, noisy, POLICY, seeds) for seeds in (2, 3, 5)]
    assert needed[0] is None
    assert needed[1] > needed[2] > images_needed(0.05, setting(), POLICY, 1)


def test_alike_models_need_fewer_images():
    needed = [images_needed(0.02, setting(correlation=r), POLICY, 1) for r in (0.5, 0.75)]
    assert needed[0] == pytest.approx(2 * needed[1], abs=2)


def test_refuses():
    with pytest.raises(PodiumError, match="correlation must be -1 to below 1, but is 1"):
        setting(correlation=1.0)
    with pytest.raises(PodiumError, match="images must be at least 1, but is 0"):
        setting(num_images=0)
    with pytest.raises(PodiumError, match=r"gain must be above the smallest useful gain, 0.01"):
        images_needed(0.01, setting(), GatePolicy(smallest_gain=0.01), 1)
