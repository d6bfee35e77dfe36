from __future__ import annotations

import math

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.thresholds.goals import Goal, goal_of
from custom.thresholds.intervals import ratio_interval, wilson

# Hit, hit, miss, hit, miss, each of its own score; four are there to be found.
TP, FP = np.array([1, 2, 2, 3, 3]), np.array([0, 0, 1, 1, 2])


@pytest.mark.parametrize(
    ("goal", "min_support", "expected"),
    [
        # Precisions 1, 1, 2/3, 3/4, 3/5.
        pytest.param(Goal("precision", 0.7), 1, 3, id="lowest score precise enough"),
        pytest.param(Goal("precision", 0.9), 1, 1, id="before the first miss"),
        pytest.param(Goal("precision", 0.9), 3, -1, id="two are too few"),
        # Recalls 1/4, 2/4, 2/4, 3/4, 3/4.
        pytest.param(Goal("recall", 0.5), 1, 1, id="highest score that finds half"),
        pytest.param(Goal("recall", 0.75), 1, 3, id="exactly as much"),
        pytest.param(Goal("recall", 0.8), 1, -1, id="more than is found"),
        # F1 2/5, 4/6, 4/7, 6/8, 6/9.
        pytest.param(Goal("f1"), 1, 3, id="best F1"),
        # Costs 3, 2, 7, 6, 11.
        pytest.param(Goal("cost", fp_cost=5), 1, 1, id="false positives are dear"),
        # Costs 5 x (4 - TP) + 0.1 x FP: 15, 10, 10.1, 5.1, 5.2.
        pytest.param(Goal("cost", fp_cost=0.1, fn_cost=5), 1, 3, id="misses are dear"),
    ],
)
def test_choices_by_hand(goal, min_support, expected):
    target = np.array([goal.value])
    assert goal.choose(TP, FP, 4, target, min_support).tolist() == [expected]


def test_it_is_cheapest_to_never_say_yes():
    goal = Goal("cost", fp_cost=5)
    # The first is wrong: 5 with it and the hit after it, 1 without both.
    assert goal.choose(np.array([0, 1]), np.array([1, 1]), 1, np.zeros(1), 1).tolist() == [-1]


def test_support_that_a_promise_needs():
    assert Goal("precision", 0.99).min_support == 100
    assert Goal("recall", 0.95).min_support == 20
    assert Goal("precision", 0.5).min_support == Goal("f1").min_support == 20


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param((1.0, None, None), "above 0 and below 1", id="certainty"),
        pytest.param((None, 0.0, None), "--recall must be above 0", id="no recall"),
        pytest.param((None, None, "FP=5"), "FP=5,FN=1, but is 'FP=5'", id="one cost"),
        pytest.param((None, None, "FP=a,FN=1"), "FP=5,FN=1", id="no number"),
        pytest.param((None, None, "FP=5,FN=1,FN"), "FP=5,FN=1", id="no value"),
        pytest.param((None, None, "FP=5,FN=-1"), "positive numbers", id="negative"),
        pytest.param((None, None, "FP=nan,FN=1"), "positive numbers", id="nan"),
    ],
)
def test_bad_goals(given, message):
    with pytest.raises(PodiumError, match=message):
        goal_of(*given)


def test_costs_are_read():
    assert goal_of(None, None, "fn=1, fp=5") == Goal("cost", fp_cost=5.0, fn_cost=1.0)
    assert str(goal_of(None, None, "FP=5,FN=1")) == "lowest cost, FP=5 FN=1"
    assert str(goal_of(0.99, None, None)) == "precision 0.99"


def test_wilson_by_hand():
    # 9 of 10 at z = 2: centre .9 + 4/20, reach 2 sqrt(.009 + 4/400), both through 1 + 4/10.
    low, high = wilson(0.9, 10, 2.0)
    assert low == pytest.approx((1.1 - 2 * math.sqrt(0.019)) / 1.4)
    assert high == pytest.approx(min((1.1 + 2 * math.sqrt(0.019)) / 1.4, 1.0))


def test_groups_that_err_together_widen_the_interval():
    alone = np.repeat([1.0, 0.0], [90, 10])
    together = alone.reshape(10, 10).sum(axis=1)  # nine groups all right, one all wrong
    wide = ratio_interval(together, np.full(10, 10.0))
    narrow = ratio_interval(alone, np.ones(100))
    assert wide[0] < narrow[0] < 0.9 < narrow[1] < wide[1]
    # One group in ten is wrong: as if there were ten labels, but for the factor 10 / 9.
    assert wide == pytest.approx(wilson(0.9, 9, 1.959964), abs=1e-5)


def test_without_an_error_each_group_is_one_label():
    found = ratio_interval(np.full(10, 5.0), np.full(10, 5.0))
    assert found == pytest.approx(wilson(1.0, 10, 1.959964), abs=1e-5)
    assert all(map(math.isnan, ratio_interval(np.zeros(3), np.zeros(3))))
