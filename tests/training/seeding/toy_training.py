"""Trainings of the toy detector, in this process or in one that is killed."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import torch
from mmdet.models import FPN
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.nn.functional import dropout

from custom.testing.toy_config import toy_config
from custom.training.seeding import apply_seed, join_processes_on_cpu, set_everything


@MODELS.register_module()
class DropoutFPN(FPN):
    """A neck that draws random numbers in training."""

    def forward(self, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """Return the features, a fifth of them dropped."""
        return tuple(dropout(x, 0.2, self.training) for x in super().forward(inputs))


class KillHook(Hook):
    """Kill the process, without a chance to clean up, before an iteration."""

    def __init__(self, iteration: int) -> None:
        self.iteration = iteration

    def before_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        """Kill the process if this is the iteration."""
        if runner.iter == self.iteration:
            os.kill(os.getpid(), signal.SIGKILL)


class RecordHook(Hook):
    """Write down the ids of the images in each batch."""

    def __init__(self) -> None:
        self.image_ids: list[list[int]] = []

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Append the batch's image ids."""
        self.image_ids.append([sample.img_id for sample in data_batch["data_samples"]])


def toy_runner(
    ann_file: Path, work_dir: Path, seed: int = 42, resume_interval: int = 1, **changes: Any
) -> Runner:
    """Return a runner of the toy detector that follows `seed`; `changes` as in `toy_config`."""
    import custom.detection  # noqa: F401 (registers)

    set_everything(seed)
    config = apply_seed(Config(toy_config(ann_file, work_dir, **changes)), seed, resume_interval)
    return Runner.from_cfg(join_processes_on_cpu(config))


def trained_state(work_dir: Path, name: str = "last.pth") -> dict[str, torch.Tensor]:
    """Return all tensors of a checkpoint that a training goes on from, by a flat name."""
    checkpoint = torch.load(work_dir / name, map_location="cpu", weights_only=False)
    parts = ("state_dict", "optimizer", "param_schedulers", "ema_state_dict")
    return _tensors({part: checkpoint[part] for part in parts if part in checkpoint})


def _tensors(value: Any, prefix: str = "") -> dict[str, torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return {prefix: value}
    if isinstance(value, int | float):
        return {prefix: torch.tensor(value, dtype=torch.float64)}
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list | tuple):
        items = enumerate(value)
    found: dict[str, torch.Tensor] = {}
    for key, inner in items:
        found.update(_tensors(inner, f"{prefix}.{key}"))
    return found


def difference(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> list[str]:
    """Return the names under which two states differ in any bit, or that one of them lacks."""
    names = [*one, *(name for name in two if name not in one)]
    return [n for n in names if n not in one or n not in two or not torch.equal(one[n], two[n])]


def main(argv: list[str]) -> None:
    """Train as a JSON object says: arguments of `toy_runner`, and `kill_at` or `record`."""
    options = json.loads(argv[0])
    kill_at, record = options.pop("kill_at", None), options.pop("record", None)
    ann_file, work_dir = Path(options.pop("ann_file")), Path(options.pop("work_dir"))
    runner = toy_runner(ann_file, work_dir, **options)
    if kill_at is not None:
        runner.register_hook(KillHook(kill_at))
    recorder = RecordHook()
    runner.register_hook(recorder)
    runner.train()
    if record is not None:
        Path(record).with_suffix(f".{runner.rank}.json").write_text(json.dumps(recorder.image_ids))


if __name__ == "__main__":
    main(sys.argv[1:])
