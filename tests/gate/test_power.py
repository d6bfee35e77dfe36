from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from custom.gate.difference import Difference, SeedNoise, pooled_deviation
from custom.gate.power import needed_to_settle

REACH = 1.08 * NormalDist().inv_cdf(0.975) + NormalDist().inv_cdf(0.8)


def measured(gain: float, image_error: float, runs: int = 1) -> Difference:
    return Difference(
        np.array([0.5 + gain]), np.array([0.5]), np.zeros((2, 1)), np.zeros(0, int), 1000,
        runs, runs, image_error, None,
    )  # fmt: skip


def test_images_without_seed_noise():
    # The error must fall to gain / reach: here by sqrt(4), so four times the images.
    needed = needed_to_settle(measured(0.01, 2 * 0.01 / REACH), 0.0, 0.95, 0.8, None)
    assert needed.images == pytest.approx(4000, abs=1)
    assert needed.seeds is None
    assert needed.times == pytest.approx(4)


def test_the_distance_is_to_the_smallest_gain():
    needed = needed_to_settle(measured(0.01, 0.01 / REACH), 0.005, 0.95, 0.8, None)
    assert needed.images == pytest.approx(4000, abs=1)


def test_seeds_where_images_are_enough():
    # Half of the variance that is allowed is taken by the images, the seeds may have the rest.
    allowed = (0.01 / REACH) ** 2
    noise = SeedNoise(float(np.sqrt(3 * allowed / 4)), 4)
    needed = needed_to_settle(measured(0.01, np.sqrt(allowed / 2)), 0.0, 0.95, 0.8, noise)
    assert needed.seeds == 3  # 2 * (3/4) / 3 = 1/2
    assert needed.images is None  # the seeds alone, 2 * 3/4, are more than what is allowed


def test_nothing_settles_a_gain_at_the_bound():
    needed = needed_to_settle(measured(0.0, 0.01), 0.0, 0.95, 0.8, None)
    assert (needed.images, needed.seeds, needed.times) == (None, None, None)


def test_pooled_deviation_by_hand():
    # Squares 2 * .5**2 and 2 * 1**2 with one degree of freedom each: sqrt(2.5 / 2).
    deviation, degrees = pooled_deviation([np.array([[1.0], [2.0]]), np.array([[5.0], [7.0]])])
    assert degrees == 2
    assert deviation == pytest.approx([np.sqrt(2.5 / 2)])
    assert pooled_deviation([np.array([[1.0]]), np.array([[3.0]])]) == ([0.0], 0)
