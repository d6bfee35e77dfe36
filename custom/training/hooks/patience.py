"""Early stopping that a restart does not make forget."""

from __future__ import annotations

from typing import Any

from mmengine.hooks import EarlyStoppingHook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from custom.evaluation.metrics import DEFAULT_METRIC, metric_of


@HOOKS.register_module()
class PatienceHook(EarlyStoppingHook):
    """Stop when the metric has not risen for `patience` validations.

    As MMEngine's `EarlyStoppingHook`, but the best score and the validations waited for are in
    the checkpoint, so that a resumed training stops where the uninterrupted one does.

    Args:
        monitor: The metric's key in the log; a config's competition says it.
        patience: Validations without a new best before training stops.
        min_delta: Smallest rise that counts.
        rule: "greater" or "less": what an improvement is.
        **kwargs: As in MMEngine's hook.
    """

    def __init__(
        self,
        monitor: str = metric_of(DEFAULT_METRIC).key,
        patience: int = 5,
        min_delta: float = 0.0,
        rule: str = "greater",
        **kwargs: Any,
    ) -> None:
        super().__init__(monitor, rule=rule, min_delta=min_delta, patience=patience, **kwargs)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Store what has been waited for."""
        checkpoint["patience"] = {"best_score": self.best_score, "wait_count": self.wait_count}

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Go on waiting where a resumed training stood."""
        if runner._resume and "patience" in checkpoint:
            self.best_score = checkpoint["patience"]["best_score"]
            self.wait_count = checkpoint["patience"]["wait_count"]
