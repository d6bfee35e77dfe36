"""Points that a killed training goes on from, exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from mmengine.dist import all_reduce_params, get_world_size, is_main_process
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from custom.errors import Interrupted, PodiumError
from custom.files import write_text
from custom.training.hooks.bare_model import bare_model
from custom.training.interrupts import defer_signals, noted_signal
from custom.training.seeding.config import changed_values, training_values

RESUME_POINT = "last.pth"


def find_resume_point(work_dir: str | Path) -> Path | None:
    """Return the resume point in a run's folder, or None."""
    path = Path(work_dir) / RESUME_POINT
    return path if path.is_file() else None


@HOOKS.register_module()
class ResumePointHook(Hook):
    """Keep one resume point, `last.pth`, and check the config that a training goes on with.

    It is written every `interval` iterations and at the end of each epoch, whole, so that a kill
    leaves the old one or the new one (`custom.training.saving`), and at the end of the iteration in
    which a signal came. Gradients that are being accumulated are in it.

    On resuming, a config that would train differently is an error that names each change. With
    `accept_changes` the new config holds: mmengine alone would go on with the old learning rate
    and schedule, which a checkpoint carries within it.

    Args:
        interval: Iterations between two points.
        accept_changes: Whether to go on with a changed config.
    """

    priority = "LOWEST"

    def __init__(self, interval: int = 500, accept_changes: bool = False) -> None:
        if interval < 1:
            raise PodiumError(f"interval must be at least 1 iteration, but is {interval}")
        self.interval, self.accept_changes = interval, accept_changes
        self._replay = self._saving = False
        self._gradients: dict[str, torch.Tensor] = {}

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Save where a point is due or a signal has come, which then ends the training.

        Raises:
            Interrupted: After a signal.
        """
        signum = noted_signal()
        # Processes see a signal in different iterations, and a point takes all of them.
        stops = signum is not None and get_world_size() == 1
        end_of_epoch = self.end_of_epoch(runner.train_dataloader, batch_idx)
        if stops or end_of_epoch or self.every_n_train_iters(runner, self.interval):
            self._save(runner)
        if signum is not None:
            raise Interrupted(signum)

    def after_val_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        """End a validation in which a signal came; it is repeated on resuming."""
        if (signum := noted_signal()) is not None:
            raise Interrupted(signum)

    def after_train(self, runner: Runner) -> None:
        """End a training whose last signal came too late to be seen."""
        defer_signals(False)
        if (signum := noted_signal()) is not None:
            raise Interrupted(signum)

    def _save(self, runner: Runner) -> None:
        runner.call_hook("before_resume_point")
        self._saving, self._gradients = True, pending_gradients(runner)
        runner.save_checkpoint(runner.work_dir, RESUME_POINT, by_epoch=False)
        self._saving, self._gradients = False, {}
        if is_main_process():
            path = Path(runner.work_dir) / RESUME_POINT
            write_text(path.with_name("last_checkpoint"), str(path))
        runner.call_hook("after_resume_point")

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Store what the config trains, and gradients that wait for the optimizer's step."""
        checkpoint["trained_on"] = training_values(runner.cfg)
        if self._saving and self._gradients:
            checkpoint["gradients"] = self._gradients

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Compare the configs; where changes are accepted, let the new one hold.

        Raises:
            PodiumError: If the training would go on differently and that is not accepted.
        """
        checkpoint.get("meta", {}).pop("config", None)  # where resuming, MMEngine would execute it
        if not runner._resume:
            return
        self._gradients = checkpoint.get("gradients", {})
        changes = changed_values(checkpoint.get("trained_on", {}), training_values(runner.cfg))
        if not changes:
            return
        listed = "\n  ".join(changes)
        if not self.accept_changes:
            raise PodiumError(
                "a training must be resumed with its own config, but this one differs:\n  "
                f"{listed}\nresume with --accept-changes to go on with the new values, or start "
                "a new run"
            )
        runner.logger.warning(f"resumed with a changed config:\n  {listed}")
        self._take_new_values(runner, checkpoint)

    def _take_new_values(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Put the new config's optimizer settings into the checkpoint, and drop its schedule."""
        if checkpoint.get("stage") is not None:
            raise PodiumError(
                f"a changed config cannot be accepted once the stage of epoch "
                f"{checkpoint['stage']} has begun; start a new run from these weights (--load-from)"
            )
        if "optimizer" in checkpoint:
            # The wrapper's groups: the optimizer's, and the one that the logs call base_lr.
            new_groups = runner.optim_wrapper.param_groups
            logged = checkpoint["optimizer"].get("base_param_settings")
            old_groups = [*checkpoint["optimizer"]["param_groups"], *([logged] if logged else [])]
            for old, new in zip(old_groups, new_groups, strict=True):
                old.update({key: value for key, value in new.items() if key != "params"})
        self._replay = checkpoint.pop("param_schedulers", None) is not None

    def before_train(self, runner: Runner) -> None:
        """Restore what training goes on with, and let signals wait for the iteration's end."""
        parameters = dict(bare_model(runner).named_parameters())
        for name, gradient in self._gradients.items():
            parameters[name].grad = gradient.to(parameters[name].device)
        self._gradients = {}
        if self._replay:
            self._replay = False
            self._replay_schedule(runner)
        defer_signals(True)

    def _replay_schedule(self, runner: Runner) -> None:
        """Bring a new schedule to the iteration that training goes on with."""
        per_epoch = len(runner.train_dataloader)
        for iteration in range(1, runner.iter + 1):
            for scheduler in runner.param_schedulers or []:
                # An epoch's own step comes after its last iteration, before the next epoch.
                ended = iteration % per_epoch == 0 and iteration <= runner.epoch * per_epoch
                if not scheduler.by_epoch or ended:
                    scheduler.step()


def pending_gradients(runner: Runner) -> dict[str, torch.Tensor]:
    """Return the gradients that wait for the optimizer's step, by parameter, on the CPU.

    Several processes accumulate each their own; they get the mean, which is what the step takes.
    """
    if runner.optim_wrapper.should_update():
        return {}
    named = bare_model(runner).named_parameters()
    gradients = {name: each.grad for name, each in named if each.grad is not None}
    all_reduce_params(list(gradients.values()), op="mean")
    return {name: gradient.cpu() for name, gradient in gradients.items()}
