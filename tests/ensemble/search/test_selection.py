"""Which models an ensemble needs."""

from __future__ import annotations

import pytest

from custom.ensemble import FusionConfig
from custom.ensemble.search.objective import ALL, Objective, make_inner_folds
from custom.ensemble.search.selection import (
    drop_idle_models,
    forward_selection,
    leave_one_out,
    used_models,
    with_only,
)
from tests.ensemble.labelled import detector, ground_truth

CONFIG = FusionConfig(iou_thr=0.5, weights=(1.0, 1.0, 1.0))


@pytest.fixture(scope="module")
def objective() -> Objective:
    """Two models that help each other, and one that mostly guesses."""
    gt = ground_truth(60)
    guessing = detector(gt, 3, found=0.3, false=800)
    models = [detector(gt, 1), detector(gt, 2), guessing]
    return Objective(models, gt, make_inner_folds(len(gt.images), 2, seed=0))


def test_forward_selection_takes_what_helps_most_first(objective: Objective) -> None:
    steps = forward_selection(objective, CONFIG)
    assert sorted(step.model for step in steps) == [0, 1]
    alone = {k: objective.value(with_only(CONFIG, [k], 3), ALL) for k in range(3)}
    assert steps[0].model == max(alone, key=alone.__getitem__)
    assert steps[0].value == alone[steps[0].model]
    assert steps[1].value > steps[0].value


def test_a_model_that_adds_nothing_is_dropped(objective: Objective) -> None:
    kept = drop_idle_models(objective, CONFIG)
    assert used_models(kept, 3) == [0, 1]
    assert kept.weights == (1.0, 1.0, 0.0)
    assert objective.value(kept, ALL) >= objective.value(CONFIG, ALL)


def test_leave_one_out_gives_each_gain_with_its_interval(objective: Objective) -> None:
    gains = {each.model: each for each in leave_one_out(objective, CONFIG, num_resamples=200)}
    full = objective.value(CONFIG, ALL)
    for model, each in gains.items():
        rest = [k for k in range(3) if k != model]
        without = objective.value(with_only(CONFIG, rest, 3), ALL)
        assert each.gain == pytest.approx(full - without)
        assert each.low < each.gain < each.high
    assert gains[0].low > 0
    assert gains[2].high < 0


def test_a_single_model_has_nothing_to_leave_out(objective: Objective) -> None:
    alone = with_only(CONFIG, [1], 3)
    assert leave_one_out(objective, alone) == []
    assert [step.model for step in forward_selection(objective, alone)] == [1]
    assert drop_idle_models(objective, alone) == alone
