"""Trainings in stages: another pipeline and a schedule that starts again at given epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from custom.errors import PodiumError

_KEYS = {"epoch", "pipeline", "param_scheduler", "lr", "attributes", "reset_optimizer"}


@HOOKS.register_module()
class StagesHook(Hook):
    """Switch the pipeline and restart the schedule at given epochs.

    Each stage names its first epoch, from 1 as in the logs. `pipeline`, if given, is the
    training pipeline from then on; `param_scheduler`, if given, replaces the schedule, counted
    from the stage's own start, with the learning rate that the optimizer began with times `lr`.

        dict(type="StagesHook", stages=[
            dict(epoch=9, pipeline=last_pipeline, lr=0.1,
                 param_scheduler=[dict(type="ConstantLR", factor=1.0, by_epoch=True)])])

    The pipeline follows the epoch that a sample's index carries, so workers that live on and a
    training that is resumed have the right one.

    `attributes`, if given, are set on the model from then on, by dotted name. With
    `reset_optimizer=True` the optimizer forgets its momenta as the stage begins.

    Args:
        stages: Dicts with `epoch` and one or more of `pipeline`, `param_scheduler`, `lr`,
            `attributes` and `reset_optimizer`.
    """

    # Before the schedule's own steps and before the data loader is started.
    priority = "VERY_HIGH"

    def __init__(self, stages: Sequence[dict[str, Any]]) -> None:
        epochs = [stage.get("epoch", 0) for stage in stages]
        if not stages or epochs != sorted(set(epochs)) or epochs[0] < 2:
            raise PodiumError(
                f"stages must have rising epochs, the first at least 2, but have {epochs}"
            )
        for stage in stages:
            if unknown := set(stage) - _KEYS:
                raise PodiumError(f"a stage has no {sorted(unknown)[0]!r}: {dict(stage)}")
            if "lr" in stage and "param_scheduler" not in stage:
                raise PodiumError("a stage's lr is a factor on its param_scheduler; give both")
        self.stages = list(stages)

    def before_run(self, runner: Runner) -> None:
        """Give the data set the pipelines of later epochs."""
        from mmengine.dataset import Compose

        stages = [
            (stage["epoch"] - 1, Compose(stage["pipeline"]))
            for stage in self.stages
            if "pipeline" in stage
        ]
        for dataset in _innermost(runner.train_loop.dataloader.dataset):
            if not hasattr(dataset, "stages"):
                raise PodiumError(
                    f"StagesHook needs CompetitionDataset, but the data set is "
                    f"{type(dataset).__name__}"
                )
            dataset.stages = stages

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Build the schedule of the stage that a training is resumed in, to load its state into."""
        epoch = checkpoint.get("meta", {}).get("epoch", 0)
        stage = self._scheduled(epoch)
        # A checkpoint of the epoch before carries the schedule of the stage before.
        if runner._resume and stage is not None and checkpoint.get("stage") == stage["epoch"]:
            runner.param_schedulers = self._schedulers(runner, stage)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Note the stage whose schedule the checkpoint carries."""
        stage = self._scheduled(runner.epoch)
        checkpoint["stage"] = stage["epoch"] if stage else None

    def before_train_epoch(self, runner: Runner) -> None:
        """Restart the schedule where a stage begins, and set the model's attributes."""
        for begun in self.stages:
            if begun["epoch"] <= runner.epoch + 1:
                for name, value in begun.get("attributes", {}).items():
                    _set_attribute(runner.model, name, value)
            begins = begun["epoch"] == runner.epoch + 1 and _at_its_start(runner)
            if begins and begun.get("reset_optimizer"):
                runner.optim_wrapper.optimizer.state.clear()
        stage = self._scheduled(runner.epoch)
        begins = stage is not None and stage["epoch"] == runner.epoch + 1
        if begins and _at_its_start(runner):
            assert stage is not None
            runner.logger.info(f"stage of epoch {stage['epoch']} begins: its schedule restarts")
            runner.param_schedulers = self._schedulers(runner, stage)

    def _scheduled(self, epoch: int) -> dict[str, Any] | None:
        """Return the last stage with a schedule that has begun at an epoch, counted from 0."""
        begun = [s for s in self.stages if s["epoch"] <= epoch + 1 and "param_scheduler" in s]
        return begun[-1] if begun else None

    def _schedulers(self, runner: Runner, stage: dict[str, Any]) -> Any:
        """Return new schedulers from the optimizer's first learning rate times the stage's."""
        # The wrapper's groups: the optimizer's, and the one that the logs call base_lr.
        for group in runner.optim_wrapper.param_groups:
            first = group.setdefault("first_lr", group.get("initial_lr", group["lr"]))
            group["lr"] = group["initial_lr"] = first * stage.get("lr", 1.0)
        return runner.build_param_scheduler(stage["param_scheduler"])


def _at_its_start(runner: Runner) -> bool:
    """Return whether no batch of the epoch has been seen, as after a resume in its middle."""
    return runner.iter == runner.epoch * len(runner.train_dataloader)


def _innermost(dataset: Any) -> list[Any]:
    """Return the data sets within ConcatDataset and RepeatDataset."""
    parts = getattr(dataset, "datasets", None) or [getattr(dataset, "dataset", None)]
    return [dataset] if None in parts else [each for part in parts for each in _innermost(part)]


def _set_attribute(model: Any, name: str, value: Any) -> None:
    """Set an attribute of a model by its dotted name."""
    *path, last = name.split(".")
    owner = getattr(model, "module", model)  # within the wrapper of several processes
    for part in path:
        owner = getattr(owner, part)
    if not hasattr(owner, last):
        raise PodiumError(f"a stage sets {name}, but {type(owner).__name__} has no {last!r}")
    setattr(owner, last, value)
