from __future__ import annotations

import numpy as np
import pytest

from custom.evaluation import (
    bootstrap_ap,
    bootstrap_metric,
    match_for,
    paired_bootstrap,
    rare_class_notes,
    shares_lacking,
)
from tests.evaluation.cases import make_gt, make_predictions

BOX = (0, 0, 9, 9)


def test_shares_by_hand():
    nan = np.nan
    samples = np.array(
        [[1, nan, nan, 1], [1, 0.5, nan, 0.75], [nan, nan, nan, nan], [1, 1, nan, 1]]
    )
    # Class 2 is nowhere annotated. Class 0 is lacking once, class 1 twice, either in two of four.
    assert shares_lacking(samples).tolist() == [1 / 4, 2 / 4, 0, 2 / 4]


@pytest.mark.parametrize(
    ("num_images", "expected"), [pytest.param(1, True, id="rare"), pytest.param(9, False, id="not")]
)
def test_a_rare_class_is_named_with_its_share(num_images, expected):
    # A class on 1 of 20 images is missed by (19/20)^20 = 36% of the resamples, one on 9 of 20 by
    # (11/20)^20 = 0.0006%.
    rows = [(i, 0, *BOX) for i in range(20)] + [(i, 1, *BOX) for i in range(num_images)]
    matches = match_for(make_gt(rows, 20, 2), make_predictions([], 20), "AP50")
    samples = bootstrap_ap(matches, 1000, seed=0)
    assert shares_lacking(samples)[1] == pytest.approx((1 - num_images / 20) ** 20, abs=0.05)
    notes = rare_class_notes(samples, ["can", "bag"])
    assert bool(notes) == expected
    if expected:
        assert "bag (3" in notes[0]
        assert "can (" not in notes[0]


# Class 0 is on 40 images, class 1 on 4 of them; every second box of class 0 is found.
ROWS = [(i, 0, *BOX) for i in range(40)] + [(i, 1, *BOX) for i in range(4)]
FOUND = [(i, 0, 0.9, *BOX) for i in range(0, 40, 2)]


def rare_matches(found=FOUND):
    return match_for(make_gt(ROWS, 40, 2), make_predictions(found, 40), "AP50")


def test_a_rare_class_has_the_error_of_a_frequent_one_drawn_as_sparsely():
    # Class 1 is not found at all, and class 0 by 51 of 101 recalls. On about 4 images that it is
    # drawn for, its AP is 0 to 1, so that class 1 may be missed by as much.
    samples = bootstrap_ap(rare_matches(), 2000, seed=0)
    assert (samples[:, 1][~np.isnan(samples[:, 1])] == 0).all()
    of_rare = 2 * samples[:, 2] - samples[:, 0]
    assert of_rare.min() == pytest.approx(0)
    assert of_rare.max() == pytest.approx(51 / 101)
    # Half of the time at least half of the boxes of class 0 are found: no error above 0 is left.
    assert (of_rare < 1e-9).mean() == pytest.approx(0.6, abs=0.1)


def test_equal_models_differ_by_nothing_in_rare_classes_too():
    matches = rare_matches()
    difference = paired_bootstrap(matches, matches, 100)
    assert (difference.low, difference.high) == (0, 0)


def test_a_difference_in_a_rare_class_alone_is_not_told_from_nothing():
    # One model finds one box of class 1, the other none; in class 0 they differ by chance.
    others = [(i, 0, 0.9, *BOX) for i in range(1, 40, 2)]
    pair = [rare_matches([*FOUND, (0, 1, 0.9, *BOX)]), rare_matches(others)]
    assert pair[0].num_gt.tolist() == [[40, 4]]
    result = paired_bootstrap(*pair, num_resamples=400)
    assert result.difference > 0.1
    assert result.low < 0 < result.high


@pytest.mark.parametrize("metric", ["AP50", "wheat"])
def test_without_a_class_that_is_frequent_enough_lacking_ones_are_left_out(metric):
    rows = [(i, 0, *BOX) for i in range(5)] + [(i, 1, *BOX) for i in range(2)]
    matches = match_for(make_gt(rows, 6, 2), make_predictions([], 6), metric)
    samples = bootstrap_metric(matches, metric, 200)
    np.testing.assert_allclose(samples[:, 2], np.nanmean(samples[:, :2], axis=1))


def test_any_metric_knows_rare_classes():
    samples = bootstrap_metric(rare_matches(), "AP50", 50, seed=3)
    voc = match_for(make_gt(ROWS, 40, 2), make_predictions(FOUND, 40), "voc")
    other = bootstrap_metric(voc, "voc", 50, seed=3)
    # The two APs differ by how they are integrated, less than one step of 101.
    np.testing.assert_allclose(samples[:, 2], other[:, 2], atol=0.011)
