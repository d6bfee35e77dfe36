"""Points that a killed training goes on from, exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from custom.errors import PodiumError
from custom.files import write_text
from custom.runs.config import parse_config
from custom.training.seeding.config import config_changes

RESUME_POINT = "last.pth"


def find_resume_point(work_dir: str | Path) -> Path | None:
    """Return the resume point in a run's folder, or None."""
    path = Path(work_dir) / RESUME_POINT
    return path if path.is_file() else None


@HOOKS.register_module()
class ResumePointHook(Hook):
    """Keep one resume point, `last.pth`, and check the config that a training goes on with.

    It is written every `interval` iterations and at the end of each epoch, whole, so that a kill
    leaves the old one or the new one (`custom.training.saving`). While gradients are being
    accumulated it waits for the optimizer's step, since gradients are not stored.

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
        self._due = self._replay = False

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Save where a point is due and the optimizer has just made its step."""
        self._due |= self.every_n_train_iters(runner, self.interval)
        self._due |= self.end_of_epoch(runner.train_dataloader, batch_idx)
        if self._due and runner.optim_wrapper.should_update():
            self._save(runner)
            self._due = False

    def _save(self, runner: Runner) -> None:
        runner.save_checkpoint(runner.work_dir, RESUME_POINT, by_epoch=False)
        if is_main_process():
            path = Path(runner.work_dir) / RESUME_POINT
            write_text(path.with_name("last_checkpoint"), str(path))

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Compare the configs; where changes are accepted, let the new one hold.

        Raises:
            PodiumError: If the training would go on differently and that is not accepted.
        """
        checkpoint.get("meta", {}).pop("config", None)  # where resuming, MMEngine would execute it
        if not runner._resume or "cfg" not in checkpoint["meta"]:
            return
        # As data: a checkpoint's config is text that anybody can write, and must not be executed.
        old = Config(parse_config(checkpoint["meta"]["cfg"], f"{RESUME_POINT}: config"))
        changes = config_changes(old, runner.cfg)
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
        """Bring a new schedule to the iteration that training goes on with."""
        if not self._replay:
            return
        self._replay = False
        per_epoch = len(runner.train_dataloader)
        for iteration in range(1, runner.iter + 1):
            for scheduler in runner.param_schedulers or []:
                # An epoch's own step comes after its last iteration, before the next epoch.
                ended = iteration % per_epoch == 0 and iteration <= runner.epoch * per_epoch
                if not scheduler.by_epoch or ended:
                    scheduler.step()
