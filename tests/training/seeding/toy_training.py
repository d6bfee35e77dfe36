"""Trainings of the toy detector, in this process or in another one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from custom.testing.toy_config import toy_config
from custom.training.seeding import apply_seed, join_processes_on_cpu, set_everything


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


def main(argv: list[str]) -> None:
    """Train as a JSON object says: arguments of `toy_runner`, and `record`."""
    options = json.loads(argv[0])
    record = options.pop("record", None)
    ann_file, work_dir = Path(options.pop("ann_file")), Path(options.pop("work_dir"))
    runner = toy_runner(ann_file, work_dir, **options)
    recorder = RecordHook()
    runner.register_hook(recorder)
    runner.train()
    if record is not None:
        Path(record).with_suffix(f".{runner.rank}.json").write_text(json.dumps(recorder.image_ids))


if __name__ == "__main__":
    main(sys.argv[1:])
