from __future__ import annotations

import numpy as np
import pytest

from custom.review.compute.analysis import Analysis
from custom.review.compute.losses import greatest_losses, points_by_class, weakest_class
from tests.evaluation.cases import make_case, make_gt, make_predictions

BOX, OTHER = (0, 0, 50, 50), (200, 200, 260, 260)


def test_the_weakest_class_by_hand() -> None:
    """Class 0 is found, class 1 only as class 0, class 2 has no boxes."""
    gt = make_gt([(0, 0, *BOX), (0, 1, *OTHER)], num_classes=3)
    analysis = Analysis(gt, make_predictions([(0, 0, 0.9, *BOX), (0, 0, 0.8, *OTHER)]))
    weakest = weakest_class(analysis)
    assert weakest is not None
    assert weakest.label == 1
    assert weakest.points == pytest.approx((1.0 - 0.0) / 2)
    assert weakest.kind == "classification"


def test_losses_come_by_what_they_cost() -> None:
    gt, predictions = make_case(5)
    analysis = Analysis(gt, predictions)
    losses = greatest_losses(analysis)
    assert len(losses) == 3
    assert [loss.points for loss in losses] == sorted((x.points for x in losses), reverse=True)
    assert sum(loss.label is not None for loss in losses) == 1
    kinds = [loss for loss in losses if loss.label is None]
    gains = sorted(analysis.errors.gains.values(), reverse=True)
    assert [loss.points for loss in kinds] == gains[:2]
    assert kinds[0].points > 0
    shares = [points for _, points in kinds[0].shares]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) <= kinds[0].points + 1e-12


def test_all_found_loses_nothing() -> None:
    gt = make_gt([(0, 0, *BOX)])
    assert greatest_losses(Analysis(gt, make_predictions([(0, 0, 0.9, *BOX)]))) == []


def test_a_single_class_has_no_weakest() -> None:
    gt = make_gt([(0, 0, *BOX), (0, 0, *OTHER)])
    losses = greatest_losses(Analysis(gt, make_predictions([(0, 0, 0.9, *BOX)])))
    # One of two boxes is 51 of COCO's 101 recalls.
    assert [(loss.kind, loss.label) for loss in losses] == [("missed", None)]
    assert losses[0].points == pytest.approx(1 - 51 / 101)


def test_points_are_shared_among_known_classes() -> None:
    np.testing.assert_array_equal(points_by_class(np.array([0.4, np.nan, 0.2])), [0.2, np.nan, 0.1])
