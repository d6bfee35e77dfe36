from __future__ import annotations

import numpy as np
import pytest

from custom.evaluation import score
from custom.evaluation.ordering import FEW, TOGETHER, group_rows, sort_by_score, transpose
from tests.evaluation.cases import make_gt, make_predictions

SCORES = {
    "all bits": lambda rng, num: rng.random(num),
    "single precision": lambda rng, num: rng.random(num).astype(np.float32).astype(float),
    "ties and both signs": lambda rng, num: np.round(rng.normal(0, 1, num), 1),
    "tiny and huge": lambda rng, num: rng.choice([5e-324, -1e-300, 1e300, -1e308], num),
    "zeros of both signs": lambda rng, num: rng.choice([0.0, -0.0], num),
}


@pytest.mark.parametrize("num", [0, 1, FEW, 5 * FEW, 3000])
@pytest.mark.parametrize("scores", SCORES.values(), ids=SCORES)
def test_classes_are_sorted_by_falling_score_and_ties_stand(scores, num: int) -> None:
    rng = np.random.default_rng(num)
    labels, values, order = rng.integers(0, 3, num), scores(rng, num), rng.permutation(num)
    rows, offsets = group_rows(labels, order, 4)
    sort_by_score(0, 4, rows, offsets, values)
    place = np.argsort(order)
    np.testing.assert_array_equal(rows, np.lexsort((place, -values, labels)))
    np.testing.assert_array_equal(np.diff(offsets), np.bincount(labels, minlength=4))


def test_classes_outside_the_range_stand_as_they_are() -> None:
    labels = np.array([0, 1, 0, 1])
    rows, offsets = group_rows(labels, np.arange(4), 2)
    sort_by_score(1, 2, rows, offsets, np.array([0.1, 0.2, 0.3, 0.4]))
    assert rows.tolist() == [0, 2, 3, 1]


def test_transpose_of_a_range_of_rows() -> None:
    rows = np.arange(3 * (2 * TOGETHER + 5)).reshape(-1, 3)
    columns = np.full(rows.T.shape, -1)
    transpose(4, len(rows) - 1, rows, columns)
    np.testing.assert_array_equal(columns[:, 4:-1], rows.T[:, 4:-1])
    assert (columns[:, :4] == -1).all()
    assert (columns[:, -1] == -1).all()


def test_huge_finite_boxes_are_scored() -> None:
    """Their sum is infinite, they are not."""
    gt = make_gt([(0, 0, 0, 0, 10, 10)])
    found = make_predictions(
        [(0, 0, 0.9, 0, 0, 10, 10), (0, 0, 0.8, 1.5e308, 1.5e308, 1.6e308, 1.6e308)]
    )
    assert score(gt, found).value == 1.0
