"""A training that has diverged ends, with a message."""

from __future__ import annotations

import math
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.optim import AmpOptimWrapper
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from custom.errors import PodiumError

GRAD_NORM = "train/grad_norm"


@HOOKS.register_module()
class DivergenceHook(Hook):
    """Stop where the loss or the gradients' norm is not finite.

    One such step makes every weight NaN; what follows is lost time, and on a CPU mmcv's deformable
    convolutions then read outside their images and end the process without a word.

    Args:
        interval: Iterations between two looks at the loss, which make a GPU wait. The norm is
            looked at in each: clipping has computed it. Mixed precision skips a step with
            infinite gradients by itself, so that there the loss alone counts.
    """

    priority = "VERY_HIGH"

    def __init__(self, interval: int = 50) -> None:
        self.interval = interval

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
        looks_at_loss = runner.iter == 0 or self.every_n_train_iters(runner, self.interval)
        if looks_at_loss and outputs and "loss" in outputs:
            found["loss"] = outputs["loss"].item()
        norms = runner.message_hub.log_scalars.get(GRAD_NORM)
        if norms is not None and not isinstance(runner.optim_wrapper, AmpOptimWrapper):
            found["norm of the gradients"] = float(norms.current())
        for what, value in found.items():
            if not math.isfinite(value):
                raise PodiumError(
                    f"the {what} must be finite, but is {value} in iteration {batch_idx + 1} of "
                    f"epoch {runner.epoch + 1}: the training in {runner.work_dir} has diverged. "
                    "Lower optim_wrapper.optimizer.lr, warm up for longer, or start from "
                    "pretrained weights"
                )
