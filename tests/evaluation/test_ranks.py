from __future__ import annotations

import pytest

from custom.errors import PodiumError
from custom.evaluation.ranks import rank_changes
from tests.evaluation.cases import make_case, make_gt, make_predictions

A, B, C, FAR = (0, 0, 9, 9), (100, 0, 109, 9), (200, 0, 209, 9), (500, 0, 509, 9)


def predictions(*rows):
    return make_predictions([(0, 0, score, *box) for score, box in rows])


def test_by_hand():
    gt = make_gt([(0, 0, *A), (0, 0, *B), (0, 0, *C)])
    # Top three before: A, B, a miss. After: a miss, C, A; B fell to the fourth place.
    before = predictions((0.9, A), (0.8, B), (0.7, FAR), (0.6, C))
    after = predictions((0.9, FAR), (0.8, C), (0.7, A), (0.6, B))
    (change,) = rank_changes(gt, before, after)
    assert (change.top, change.hits_before, change.hits_after) == (3, 2, 2)
    assert (change.entered, change.left) == (1, 1)
    assert change.mean_move == 2  # A from place 0 to 2
    assert (change.first_miss_before, change.first_miss_after) == (2, 0)


def test_scaled_scores_change_nothing():
    gt, table = make_case(51)
    halved = table.with_columns(scores=table.scores / 2)
    for change in rank_changes(gt, table, halved, top=10):
        assert (change.entered, change.left, change.mean_move) == (0, 0, 0)
        assert change.hits_before == change.hits_after <= change.top <= 10


def test_bad_top():
    with pytest.raises(PodiumError, match="top must be at least 1"):
        rank_changes(*make_case(1), make_case(1)[1], top=0)
