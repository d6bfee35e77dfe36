from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import HistoryBuffer

from custom.errors import PodiumError
from custom.training.hooks import DivergenceHook


def make_runner(grad_norm=None, iteration=0, optim_wrapper=None):
    scalars = {}
    if grad_norm is not None:
        scalars["train/grad_norm"] = HistoryBuffer([grad_norm], [1])
    hub = SimpleNamespace(log_scalars=scalars)
    return SimpleNamespace(
        iter=iteration, epoch=2, work_dir="runs/x", message_hub=hub, optim_wrapper=optim_wrapper
    )


def step(runner, loss=1.0, interval=50):
    hook = DivergenceHook(interval)
    hook.after_train_iter(runner, runner.iter, outputs={"loss": torch.tensor(loss)})


def test_finite_steps_pass():
    step(make_runner(grad_norm=3.0), loss=1e9)
    step(make_runner())


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_gradient_that_is_not_finite_ends_the_training(value):
    with pytest.raises(PodiumError, match=r"norm of the gradients must be finite.*runs/x has div"):
        step(make_runner(grad_norm=value, iteration=7))


@pytest.mark.parametrize(("iteration", "looked_at"), [(0, True), (7, False), (9, True)])
def test_the_loss_is_looked_at_now_and_then(iteration, looked_at):
    runner = make_runner(iteration=iteration)
    if looked_at:
        with pytest.raises(PodiumError, match="loss must be finite, but is nan in iteration"):
            step(runner, loss=float("nan"), interval=10)
    else:
        step(runner, loss=float("nan"), interval=10)


def test_mixed_precision_skips_such_steps_itself(monkeypatch):
    class Amp:
        pass

    monkeypatch.setattr("custom.training.hooks.divergence.AmpOptimWrapper", Amp)
    step(make_runner(grad_norm=float("inf"), iteration=7, optim_wrapper=Amp()))
