"""One set of batch-norm statistics for all processes, where it is evaluated or saved."""

from __future__ import annotations

from itertools import chain

from mmengine.dist import all_reduce_params, get_world_size
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner


@HOOKS.register_module()
class SharedBuffersHook(Hook):
    """Average the buffers of several processes before each validation and each resume point.

    Each process normalizes by its own images. Without this hook each validates its share with
    another model, so that the score that chooses `best.pth` is that of no model; and all resumed
    processes go on with the buffers of process 0. Unlike MMEngine's `SyncBuffersHook`, the averaged
    weights (EMA) are included, whose buffers are copies.
    """

    def before_val_epoch(self, runner: Runner) -> None:
        """Average them."""
        share_buffers(runner)

    def before_resume_point(self, runner: Runner) -> None:
        """Average them, as `ResumePointHook` is about to save."""
        share_buffers(runner)


def share_buffers(runner: Runner) -> None:
    """Give the model in each process the mean of all processes' floating-point buffers."""
    if get_world_size() == 1:
        return
    averaged = (getattr(hook, "ema_model", None) for hook in runner.hooks)
    models = [runner.model, *(model for model in averaged if model is not None)]
    buffers = chain.from_iterable(model.buffers() for model in models)
    all_reduce_params([each for each in buffers if each.is_floating_point()], op="mean")
