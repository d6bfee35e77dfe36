"""What is chosen without each fold, put together and compared."""

from __future__ import annotations

import numpy as np
import pytest

from custom.ensemble import FusionConfig, fuse
from custom.ensemble.search.cross_validation import cross_validated, ranked_by_class
from custom.ensemble.search.objective import make_inner_folds
from custom.evaluation import METRICS, match_for, paired_bootstrap, score
from custom.tables import GroundTruth, Predictions
from tests.ensemble.labelled import detector, ground_truth
from tests.ensemble.toy import images_of, table

METRIC = METRICS["AP50"]


@pytest.fixture(scope="module")
def gt() -> GroundTruth:
    return ground_truth(60)


@pytest.fixture(scope="module")
def tables(gt: GroundTruth) -> list[Predictions]:
    models = [detector(gt, 1), detector(gt, 2)]
    return [fuse(models, gt.images, FusionConfig(iou_thr=thr)) for thr in (0.5, 0.8)]


def test_ranks_keep_the_order_and_the_ties_of_a_class() -> None:
    images = images_of(2)
    rows = [(0, 0, 0, 9, 9, 0.9, 0), (0, 0, 0, 9, 9, 0.2, 1), (1, 0, 0, 9, 9, 0.5, 0),
            (1, 0, 0, 9, 9, 0.5, 0), (1, 0, 0, 9, 9, 0.1, 0)]  # fmt: skip
    ranked = ranked_by_class(table(images, rows))
    # 0, 0, 1, 1 and 3 boxes of the class are better, on two images.
    expected = [1, 1, 1 / (1 + 1 / 2), 1 / (1 + 1 / 2), 1 / (1 + 3 / 2)]
    np.testing.assert_allclose(ranked.scores, expected)


def test_one_choice_for_all_folds_scores_what_it_scores(
    gt: GroundTruth, tables: list[Predictions]
) -> None:
    folds = make_inner_folds(60, 4, seed=0)
    found = cross_validated([tables[0]] * 4, folds, gt, METRIC)
    assert found.value == pytest.approx(score(gt, tables[0]).value, abs=1e-12)


def test_the_height_of_a_choices_scores_does_not_matter(
    gt: GroundTruth, tables: list[Predictions]
) -> None:
    """Halved scores, as of a fusion that divides by the models, would end behind the others."""
    folds = make_inner_folds(60, 2, seed=0)
    low = tables[1].with_columns(scores=tables[1].scores / 2)
    found, other = (
        cross_validated([tables[0], second], folds, gt, METRIC) for second in (tables[1], low)
    )
    assert found.value == other.value
    parts = [t.take(f) for t, f in zip([tables[0], low], folds, strict=True)]
    own = [score(gt.take(fold), part).value for fold, part in zip(folds, parts, strict=True)]
    assert min(own) - 0.05 < found.value < max(own) + 0.05


def test_the_interval_is_that_of_the_paired_bootstrap(
    gt: GroundTruth, tables: list[Predictions]
) -> None:
    folds = make_inner_folds(60, 3, seed=0)
    a, b = (cross_validated([each] * 3, folds, gt, METRIC) for each in tables)
    expected = paired_bootstrap(*(match_for(gt, each, METRIC) for each in tables))
    found = a.against(b)
    assert found.difference == pytest.approx(expected.difference)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.is_gain == (expected.low > 0)
    assert found.is_loss == (expected.high < 0)
