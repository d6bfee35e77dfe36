from __future__ import annotations

from typing import Any

import pytest

from custom.training.naming import default_run_name

LR = {"optim_wrapper.optimizer.lr": 0.02}


@pytest.mark.parametrize(
    ("fold", "seed", "overrides", "name"),
    [
        pytest.param(0, 42, {}, "x", id="usual"),
        pytest.param(None, 42, {}, "x_all", id="all folds"),
        pytest.param(2, 42, {}, "x_fold2", id="fold"),
        pytest.param(0, 1, {}, "x_seed1", id="seed"),
        pytest.param(1, 7, LR, "x_fold1_seed7_lr0.02", id="option"),
        pytest.param(0, 42, {**LR, "model.backbone.depth": 18}, "x_depth18_lr0.02", id="options"),
        pytest.param(0, 42, {"tracking": "wandb", "log_level": "INFO"}, "x", id="not trained on"),
        pytest.param(0, 42, {"train_dataloader.num_workers": 4}, "x", id="workers"),
        pytest.param(0, 42, {"competition.data_root": "/d", "competition.fold": 1}, "x", id="data"),
    ],
)
def test_a_run_is_named_after_what_is_not_as_usual(
    fold: int | None, seed: int, overrides: dict[str, Any], name: str
) -> None:
    assert default_run_name("configs/x.py", fold, seed, overrides) == name


def test_what_cannot_be_read_in_a_name_is_a_hash_in_it() -> None:
    names = {
        default_run_name("x.py", 0, 42, {"multi_scale": value})
        for value in ([512, 640], [512, 800], "a/b", "y" * 60)
    }
    assert len(names) == 4
    assert all(len(name) == len("x_12345678") and "/" not in name for name in names)
