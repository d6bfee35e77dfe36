"""Better, worse, the same, or inconclusive."""

from __future__ import annotations

import numpy as np
import pytest

from custom.ensemble.comparison import Comparison, compare
from custom.evaluation import METRICS

NAN = float("nan")


@pytest.mark.parametrize(
    ("ends", "sign", "verdict", "is_gain", "is_loss"),
    [
        pytest.param((0.01, 0.03), 1, "significantly above", True, False, id="gain"),
        pytest.param((-0.03, -0.01), 1, "significantly below", False, True, id="loss"),
        pytest.param((-0.03, 0.01), 1, "inconclusive", False, False, id="both signs"),
        pytest.param((0.0, 0.03), 1, "inconclusive", False, False, id="touches zero"),
        pytest.param((-0.03, -0.01), -1, "significantly below", True, False, id="less is better"),
        pytest.param((NAN, NAN), 1, "inconclusive", False, False, id="unknown"),
    ],
)
def test_what_an_interval_says(
    ends: tuple[float, float], sign: int, verdict: str, is_gain: bool, is_loss: bool
) -> None:
    found = Comparison(0.5, 0.4, *ends, sign)
    assert (found.verdict, found.is_gain, found.is_loss) == (verdict, is_gain, is_loss)


def test_resamples_are_compared_one_by_one() -> None:
    other = np.random.default_rng(0).normal(0.5, 0.1, 1000)
    shifted = compare(0.51, 0.5, other + 0.01, other, METRICS["AP50"])
    assert (shifted.low, shifted.high) == pytest.approx((0.01, 0.01))
    assert str(shifted) == "+0.0100 (95%: +0.0100 to +0.0100)"
    same = compare(0.5, 0.5, other, other, METRICS["AP50"])
    assert same.is_same
    assert same.verdict == "the same"
    assert not same.is_gain
