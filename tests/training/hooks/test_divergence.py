"""A training that diverges ends at once, and leaves no weights that are not finite."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.optim import OptimWrapper
from torch import nn

from custom.errors import PodiumError
from custom.testing.toy_competition import make_toy_competition, make_toy_config_file
from custom.training.hooks import DivergenceHook
from custom.training.seeding import ResumableEpochLoop
from tools.train import main as train_main

NAN, INF = float("nan"), float("inf")


def make_runner(grad_norm: float | None = None, **changes: Any) -> Any:
    scalars = {}
    if grad_norm is not None:
        scalars["train/grad_norm"] = HistoryBuffer([grad_norm], [1])
    runner = dict(
        iter=7,
        epoch=2,
        work_dir="runs/x",
        message_hub=SimpleNamespace(log_scalars=scalars),
        model=nn.BatchNorm1d(2),
        optim_wrapper=None,
    )
    return SimpleNamespace(**(runner | changes))


def step(runner: Any, loss: float = 1.0) -> None:
    DivergenceHook().after_train_iter(runner, 3, outputs={"loss": torch.tensor(loss)})


def test_finite_steps_pass() -> None:
    step(make_runner(grad_norm=3.0), loss=1e9)
    step(make_runner())


@pytest.mark.parametrize("value", [NAN, INF])
def test_a_clipped_gradient_that_is_not_finite_ends_the_training(value: float) -> None:
    with pytest.raises(PodiumError, match=r"norm of the gradients must be finite.*runs/x has div"):
        step(make_runner(grad_norm=value))


@pytest.mark.parametrize("value", [NAN, INF])
def test_a_loss_that_is_not_finite_ends_the_training_in_any_iteration(value: float) -> None:
    message = rf"loss must be finite, but is {value} in iteration 4 of epoch 3.*max_norm"
    with pytest.raises(PodiumError, match=message):
        step(make_runner(), loss=value)


def test_a_gradient_that_nothing_clips_is_looked_at_where_the_step_is_made() -> None:
    runner = make_runner()
    runner.optim_wrapper = OptimWrapper(torch.optim.SGD(runner.model.parameters(), lr=0.1))
    hook = DivergenceHook()
    hook.before_train(runner)
    # The loss is finite, its gradient is not: d sqrt(x) / dx at 0.
    loss = runner.model.weight.sum() + (runner.model.bias * 0).sqrt().sum()
    runner.optim_wrapper.update_params(loss)
    with pytest.raises(PodiumError, match="norm of the gradients must be finite, but is nan"):
        hook.after_train_iter(runner, 3, outputs={"loss": loss.detach()})
    hook.after_train_iter(runner, 4, outputs={"loss": loss.detach()})  # that step is told once


def test_mixed_precision_skips_such_steps_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    class Amp:
        pass

    monkeypatch.setattr("custom.training.hooks.divergence.AmpOptimWrapper", Amp)
    step(make_runner(grad_norm=INF, optim_wrapper=Amp()))


@pytest.mark.parametrize("part", ["state_dict", "ema_state_dict"])
def test_weights_that_are_not_finite_are_not_written(part: str) -> None:
    checkpoint = {"state_dict": {"weight": torch.ones(3)}, "ema_state_dict": {"steps": 3}}
    DivergenceHook().before_save_checkpoint(make_runner(), checkpoint)
    checkpoint[part]["module.weight"] = torch.tensor([1.0, INF])
    with pytest.raises(
        PodiumError, match=r"1 of 2 are not, the first is weight, after iteration 8"
    ):
        DivergenceHook().before_save_checkpoint(make_runner(), checkpoint)


def test_a_buffer_that_is_infinite_by_design_is_written() -> None:
    runner, hook = make_runner(), DivergenceHook()
    runner.model.register_buffer("mask", torch.tensor([0.0, -INF]))
    hook.before_train(runner)
    hook.before_save_checkpoint(runner, {"state_dict": runner.model.state_dict()})


@pytest.mark.parametrize(
    ("options", "spoilt", "message"),
    [
        pytest.param(["optim_wrapper.optimizer.lr=1e20"], None, "must be finite", id="first steps"),
        # From the second epoch on, so that there is a resume point; the norm alone tells.
        pytest.param([], 4, "norm of the gradients must be finite, but is nan", id="later"),
    ],
)
def test_a_diverged_training_keeps_its_last_good_point(
    options: list[str],
    spoilt: int | None,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = make_toy_config_file(make_toy_competition(tmp_path / "data"), tmp_path / "toy.py", 3)
    run_iter = ResumableEpochLoop.run_iter

    def spoil(self: Any, idx: int, batch: Any) -> None:
        if self._iter == spoilt:
            parameter = next(self.runner.model.parameters())
            parameter.register_hook(lambda gradient: gradient * NAN)
        run_iter(self, idx, batch)

    monkeypatch.setattr(ResumableEpochLoop, "run_iter", spoil)
    folder = tmp_path / "run"
    options = ["optim_wrapper.clip_grad=None", *options]
    with pytest.raises(PodiumError, match=message):
        train_main([str(config), "--work-dir", str(folder), "--cfg-options", *options])
    points = list(folder.glob("*.pth"))
    assert bool(points) == (spoilt is not None)
    for point in points:
        state = torch.load(point, weights_only=False)["state_dict"]
        assert all(torch.isfinite(value).all() for value in state.values())
    assert not (folder / "run.json").exists()
