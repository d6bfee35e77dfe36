"""What `run.json` keeps of a finished training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config

from custom import runs
from custom.files import sha256_of
from custom.pseudo_labels import pseudo_labels_for
from custom.runs import MetricValue, RunRecord, SplitEntry, Trainer
from custom.runs.config import config_hash
from custom.splits import read_split
from custom.training.extra_data import describe_extra_data
from custom.training.publish import BEST_KEY
from custom.typed_json import known


def make_record(
    config: Config,
    resolved: Mapping[str, Any],
    config_file: str | Path,
    metrics: dict[str, float],
    seconds: float,
) -> RunRecord:
    """Return what `run.json` keeps of a finished run; `resolved` is its config."""
    competition = config.competition
    split = read_split(competition.split)
    folder = Path(config.work_dir)
    train_file = Path(competition.data_root) / competition.train_ann
    versions = runs.environment()
    return RunRecord(
        name=folder.name,
        split=SplitEntry(str(competition.split), split.hash),
        fold=competition.fold,
        data={
            "train": runs.data_entry(train_file),
            "val": runs.data_entry(config.val_evaluator.ann_file),
        },
        metrics=metric_values(metrics, competition.classes),
        trainer=Trainer("mmdet", versions["onedl-mmdetection"]),
        competition=competition.name,
        config=str(config_file),
        seed=config.randomness["seed"],
        pseudo_labels=pseudo_labels_for(train_file, split.hash, competition.fold),
        config_hash=config_hash(resolved),
        checkpoint_hash=sha256_of(folder / "best.pth"),
        code=runs.code_state(Path(__file__).parent),
        versions=versions,
        device=torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        wall_time_s=seconds,
        extra={"extra_train": extra} if (extra := describe_extra_data(config)) else {},
    )


def metric_values(metrics: Mapping[str, float], classes: Sequence[str]) -> dict[str, MetricValue]:
    """Return what a record keeps of the scores of `val.json`."""
    per_class = {name: known(metrics[f"coco/{name}_AP50"]) for name in classes}
    return {
        "AP50": MetricValue(known(metrics[BEST_KEY]), per_class),
        "AP": MetricValue(known(metrics["coco/bbox_mAP"])),
    }
