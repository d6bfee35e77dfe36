"""Starting a training from another detector's weights."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from custom.detection.models.init import load_adapted


@HOOKS.register_module()
class InitWeightsHook(Hook):
    """Load a checkpoint before training, its classifier adapted to other classes.

    It stands in for the runner's `load_from`, which leaves out a classifier of another size with
    only a warning among its logs; this one reports every entry that was not loaded.

    Args:
        checkpoint: A file or a URL.
        classes: Names of the model's classes, in the order of its labels.
    """

    priority = "VERY_HIGH"

    def __init__(self, checkpoint: str, classes: Sequence[str]) -> None:
        self.checkpoint, self.classes = checkpoint, list(classes)

    def before_train(self, runner: Runner) -> None:
        """Load the weights and log what was loaded, what was not.

        Not in `before_run`: the runner initialises the model after that.
        """
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        report = load_adapted(model, self.checkpoint, self.classes)
        runner.logger.info("start from %s: %s", self.checkpoint, report)
