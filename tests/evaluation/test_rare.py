from __future__ import annotations

import numpy as np
import pytest

from custom.evaluation import bootstrap_ap, match_for, rare_class_notes, shares_lacking
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
