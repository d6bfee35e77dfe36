from __future__ import annotations

import numpy as np
import pytest

from custom.ensemble import FusionConfig
from custom.ensemble.recipe import Recipe
from custom.review.compute.analysis import Analysis
from custom.review.compute.contributions import (
    boxes_found,
    contributions,
    fused_without,
    leave_one_out,
)
from custom.review.inputs import Model, Review
from custom.tables import Predictions
from tests.evaluation.cases import make_gt, make_predictions

SMALL, MEDIUM, LARGE = (0, 0, 20, 20), (100, 0, 150, 50), (300, 0, 500, 200)
GT = make_gt([(0, 0, *SMALL), (0, 0, *MEDIUM), (1, 1, *LARGE)], num_images=2, num_classes=2)


def found(*rows: tuple[float, ...]) -> Predictions:
    return make_predictions(rows, num_images=2)


FIRST = found((0, 0, 0.9, *SMALL), (0, 0, 0.8, *MEDIUM))
SECOND = found((0, 0, 0.7, *MEDIUM), (1, 1, 0.6, *LARGE))
NOTHING = found()


def recipe(*weights: float) -> Recipe:
    return Recipe((FusionConfig(weights=weights or None),), {}, "", {}, {})


def test_who_finds_what_by_hand() -> None:
    result = contributions(GT, [Analysis(GT, FIRST), Analysis(GT, SECOND)])
    assert result.groups == ("all", "small", "medium", "large", "class 0", "class 1")
    assert result.num_gt.tolist() == [3, 1, 1, 1, 2, 1]
    assert result.by_all.tolist() == [1, 0, 1, 0, 1, 0]
    assert result.by_none.tolist() == [0, 0, 0, 0, 0, 0]
    assert result.only.tolist() == [[1, 1, 0, 0, 1, 0], [1, 0, 0, 1, 0, 1]]
    assert result.by_some.tolist() == [0] * 6


def test_of_three_models_two_are_several() -> None:
    result = contributions(GT, [Analysis(GT, table) for table in (FIRST, SECOND, NOTHING)])
    assert result.by_all.tolist() == [0] * 6
    assert result.by_some.tolist() == [1, 0, 1, 0, 1, 0]
    assert result.only[2].tolist() == [0] * 6


def test_a_box_below_the_best_threshold_is_not_found() -> None:
    """Of score 0.2, among misses of 0.3: F1 is highest without it."""
    misses = [(0, 0, 0.3, 600 + 60 * k, 0, 650 + 60 * k, 50) for k in range(5)]
    table = found((0, 0, 0.9, *SMALL), *misses, (0, 0, 0.2, *MEDIUM))
    assert boxes_found(Analysis(GT, table)).tolist() == [True, False, False]


def test_what_the_ensemble_loses_without_a_model() -> None:
    models = (Model("a", FIRST), Model("b", SECOND), Model("c", NOTHING))
    tables = tuple(model.predictions for model in models)
    fused = fused_without(recipe(1, 1, 1, 1), (*tables, NOTHING), GT.images, 3)
    review = Review(
        "t", GT, (*models, Model("ensemble", fused, final=True)), recipe=recipe(), prepared=tables
    )
    first, second, third = leave_one_out(review)
    # All three boxes are found together; without the first the small one is lost: recall 1/2 is
    # 51 of COCO's 101 recalls. Without the second, class 1 is lost.
    assert first.per_class.tolist() == pytest.approx([1 - 51 / 101, 0])
    assert first.value == pytest.approx((1 - 51 / 101) / 2)
    assert first.low <= first.value <= first.high
    assert first.by_size.tolist() == pytest.approx([1, 0, 0])
    assert second.per_class.tolist() == pytest.approx([0, 1])
    assert second.by_size.tolist() == pytest.approx([0, 0, 1])
    assert (third.value, third.low, third.high) == (0, 0, 0)


def test_without_the_only_model_of_any_weight_nothing_is_left() -> None:
    rest = fused_without(recipe(1, 0), (FIRST, SECOND), GT.images, 0)
    assert rest.num_boxes == 0
    assert rest.image_ids.tolist() == GT.images.ids.tolist()
    kept = fused_without(recipe(1, 0), (FIRST, SECOND), GT.images, 1)
    np.testing.assert_allclose(np.sort(kept.bboxes, axis=0), np.sort(FIRST.bboxes, axis=0))
