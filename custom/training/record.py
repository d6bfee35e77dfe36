"""What `run.json` keeps of a finished training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config

from custom import runs
from custom.files import canonical_hash, sha256_of
from custom.pseudo_labels import pseudo_labels_for
from custom.splits import read_split
from custom.training.publish import BEST_KEY


def make_record(
    config: Config,
    resolved: str,
    config_file: str | Path,
    metrics: dict[str, float],
    seconds: float,
) -> dict[str, Any]:
    """Return what `run.json` keeps of a finished run; `resolved` is the text of its config."""
    competition = config.competition
    split = read_split(competition.split)
    folder = Path(config.work_dir)
    train_file = Path(competition.data_root) / competition.train_ann
    return {
        "name": folder.name,
        "config": str(config_file),
        "competition": competition.name,
        "seed": config.randomness["seed"],
        "fold": competition.fold,
        "split": {"path": str(competition.split), "hash": split.hash},
        "data": {
            "train": runs.data_entry(train_file),
            "val": runs.data_entry(config.val_evaluator.ann_file),
        },
        "pseudo_labels": pseudo_labels_for(train_file, split.hash, competition.fold),
        "config_hash": canonical_hash(resolved),
        "checkpoint_hash": sha256_of(folder / "best.pth"),
        "code": runs.code_state(Path(__file__).parent),
        "versions": runs.environment(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "wall_time_s": seconds,
        "metrics": {
            "mAP50": metrics[BEST_KEY],
            "mAP": metrics["coco/bbox_mAP"],
            "per_class": {name: metrics[f"coco/{name}_AP50"] for name in competition.classes},
        },
    }
