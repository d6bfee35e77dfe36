"""Two processes, joined by gloo: the score that chooses the best weights is that of the file.

Each process gathers the statistics of its batch norms on its own images. One epoch of two
iterations is trained, at a rate and a momentum with which predictions come to depend on them: the
test without the hook shows that the others can fail.
"""

from __future__ import annotations

import re
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from mmengine.config import Config
from torch import nn

from custom.runs import Run, read_run
from custom.tables import Predictions
from custom.testing.killed_settings import make_setting, register_dropout_neck
from custom.testing.killed_trainings import Kill, differences, train_together
from custom.training.hooks import SharedBuffersHook
from custom.training.prediction import predict
from custom.training.run_config import load_run_config

KEY = "coco/bbox_mAP_50"


@pytest.fixture(scope="module")
def write_config(
    toy_competition: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Return a function that writes a setting's config, with some of its default hooks replaced."""

    def write(setting: str, **default_hooks: Any) -> Path:
        path = tmp_path_factory.mktemp("config") / "toy.py"
        config = Config.fromfile(make_setting(setting, toy_competition, path, interval=1))
        config.model.backbone.norm_cfg.momentum = 0.5
        config.optim_wrapper.optimizer.lr = 0.01
        config.param_scheduler = []
        config.train_cfg.max_epochs = 1
        config.log_level = "INFO"
        config.default_hooks.update(default_hooks)
        config.dump(str(path))
        return path

    return write


@pytest.fixture(scope="module")
def finished(write_config: Callable[..., Path]) -> Callable[[str], Run]:
    """Return the run of a setting."""
    done: dict[str, Run] = {}

    def run(setting: str) -> Run:
        if setting not in done:
            done[setting] = train_in_two(write_config(setting))
        return done[setting]

    return run


def train_in_two(config: Path, resume: bool = False) -> Run:
    folder = config.with_name("run")
    assert train_together(config, folder, free_port(), resume) == [0, 0], log_of(folder)
    return read_run(folder)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def log_of(folder: Path) -> str:
    return folder.with_name(f"{folder.name}.log").read_text()


def score_of_the_validation(run: Run) -> float:
    """Return the score by which the training chose its best weights, to four digits."""
    found = re.search(rf"{KEY} of ([0-9.]+) is the best", log_of(run.folder))
    assert found is not None
    return float(found[1])


def predicted_again(run: Run) -> tuple[Predictions, float]:
    """Return what `best.pth` predicts in this process alone, and its score."""
    register_dropout_neck()
    predictions, metrics = predict(load_run_config(run), run.folder / "best.pth", "val")
    return predictions.aligned_to(run.val_predictions().image_ids), metrics[KEY]


@pytest.mark.parametrize("setting", ["no-worker", "ema"])
def test_two_processes_score_what_they_publish(
    finished: Callable[[str], Run], setting: str
) -> None:
    run = finished(setting)
    kept, (alone, score) = run.val_predictions(), predicted_again(run)
    assert kept.num_boxes == alone.num_boxes > 0
    # Another number of images in a batch rounds otherwise; other statistics differ by far more.
    np.testing.assert_allclose(kept.scores, alone.scores, atol=1e-6)
    assert score_of_the_validation(run) == pytest.approx(score, abs=6e-5)


def test_without_the_hook_they_score_another_model(write_config: Callable[..., Path]) -> None:
    nothing = {"type": "EmptyCacheHook"}  # does nothing here
    run = train_in_two(write_config("no-worker", shared_buffers=nothing))
    _, score = predicted_again(run)
    assert abs(score_of_the_validation(run) - score) > 0.01


def test_two_killed_processes_go_on_with_the_same_statistics(
    finished: Callable[[str], Run], write_config: Callable[..., Path]
) -> None:
    config = write_config("no-worker")
    kill = Kill("iteration", 1, after=True)
    codes = train_together(config, config.with_name("run"), free_port(), kill=kill)
    assert codes == [-signal.SIGKILL] * 2, log_of(config.with_name("run"))
    resumed = train_in_two(config, resume=True)
    assert differences(finished("no-worker").folder, resumed.folder) == []


@pytest.mark.parametrize("moment", ["before_val_epoch", "before_resume_point"])
def test_the_buffers_of_all_models_are_averaged(
    moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    averaged: list[Any] = []
    monkeypatch.setattr("custom.training.hooks.buffers.get_world_size", lambda: 2)
    monkeypatch.setattr(
        "custom.training.hooks.buffers.all_reduce_params",
        lambda tensors, op: averaged.extend((each, op) for each in tensors),
    )
    model, ema_model = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
    hooks = [SimpleNamespace(), SimpleNamespace(ema_model=ema_model)]
    getattr(SharedBuffersHook(), moment)(SimpleNamespace(model=model, hooks=hooks))
    statistics = [each for bn in (model, ema_model) for each in (bn.running_mean, bn.running_var)]
    assert [id(each) for each, _ in averaged] == [id(each) for each in statistics]
    assert {op for _, op in averaged} == {"mean"}
