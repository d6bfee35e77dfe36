"""A training that has diverged ends, with a message, and leaves nothing that is not finite."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from torch.nn.utils import clip_grad_norm_, get_total_norm

from custom.errors import PodiumError
from custom.training.hooks.bare_model import bare_model

GRAD_NORM = "train/grad_norm"
_REMEDY = (
    "Usually a lower optim_wrapper.optimizer.lr helps, or optim_wrapper.clip_grad.max_norm=10, a "
    "longer warm-up, pretrained weights; --resume --accept-changes with one of them goes on from "
    "the last resume point, which is from before it"
)


@HOOKS.register_module()
class DivergenceHook(Hook):
    """Stop where the loss, the gradients or the weights are not finite.

    One such step makes every weight NaN; what follows is lost time, and on a CPU mmcv's deformable
    convolutions then read outside their images and end the process without a word.

    Loss and gradients are looked at in each iteration. MMEngine has brought the loss to the CPU by
    then, and clipping the gradients' norm; where nothing clips, it is taken here. The weights are
    looked at before each checkpoint, since a step may be too large although its gradient is finite.
    Mixed precision skips a step with infinite gradients by itself, so that there the loss and the
    weights count.
    """

    priority = 80  # after EMAHook has put its weights into a checkpoint, before any is written

    def __init__(self) -> None:
        self._norm: torch.Tensor | None = None
        self._by_design: frozenset[str] = frozenset()

    def before_train(self, runner: Runner) -> None:
        """Look at the gradients of each step from now on; note what is not finite by design."""
        self._by_design = frozenset(not_finite(dict(bare_model(runner).named_buffers())))
        if _takes_no_norm(runner.optim_wrapper):
            runner.optim_wrapper.optimizer.register_step_pre_hook(self._measure)

    def _measure(self, optimizer: torch.optim.Optimizer, *args: Any) -> None:
        """Take the norm of a step's gradients; it is read later, so that no GPU waits."""
        parameters = (p for group in optimizer.param_groups for p in group["params"])
        self._norm = get_total_norm([p.grad for p in parameters if p.grad is not None])

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, torch.Tensor] | None = None,
    ) -> None:
        """Look at the step that was made.

        Raises:
            PodiumError: If it has spoilt the weights; the last resume point is from before it.
        """
        found = {}
        if outputs and "loss" in outputs:
            found["loss"] = outputs["loss"].item()
        clipped = runner.message_hub.log_scalars.get(GRAD_NORM)
        if self._norm is not None:
            found["norm of the gradients"] = float(self._norm)
            self._norm = None
        elif clipped is not None and not isinstance(runner.optim_wrapper, AmpOptimWrapper):
            found["norm of the gradients"] = float(clipped.current())
        for what, value in found.items():
            if not math.isfinite(value):
                raise PodiumError(
                    f"the {what} must be finite, but is {value} in iteration {batch_idx + 1} of "
                    f"epoch {runner.epoch + 1}: the training in {runner.work_dir} has diverged. "
                    f"{_REMEDY}"
                )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Refuse to write weights that are not finite.

        Raises:
            PodiumError: With the first of them.
        """
        for part in ("state_dict", "ema_state_dict"):
            state = checkpoint.get(part, {})
            names = [name.removeprefix("module.") for name in not_finite(state)]
            if spoilt := [name for name in names if name not in self._by_design]:
                raise PodiumError(
                    f"the weights must be finite to be written, but {len(spoilt)} of {len(state)} "
                    f"are not, the first is {spoilt[0]}, after iteration {runner.iter + 1} of "
                    f"all, in epoch {runner.epoch + 1}: the training in {runner.work_dir} has "
                    f"diverged. {_REMEDY}"
                )


def _takes_no_norm(wrapper: Any) -> bool:
    """Return whether nothing else looks at the gradients of an optimizer's steps."""
    if not isinstance(wrapper, OptimWrapper) or isinstance(wrapper, AmpOptimWrapper):
        return False
    return not (wrapper.clip_grad_kwargs and wrapper.clip_func is clip_grad_norm_)


def not_finite(state: Mapping[str, Any]) -> list[str]:
    """Return the names of a state's tensors that hold NaN or an infinite number."""
    names = [name for name, value in state.items() if _is_floating(value)]
    return [name for name in names if not torch.isfinite(state[name]).all()]


def _is_floating(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.is_floating_point()
