"""A toy competition: drawn images, a sealed split, and a config that trains in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from custom.evaluation.metrics import DEFAULT_METRIC, metric_of
from custom.files import read_json, write_json
from custom.splits import make_split, seal
from custom.tables.coco import read_ground_truth
from custom.testing.toy_config import FLIP, toy_config
from custom.testing.toy_data import TOY_CLASSES, make_toy_coco

TEST_PIPELINE = [
    {"type": "LoadImageFromFile"},
    {"type": "Resize", "scale": (64, 64), "keep_ratio": True},
    {
        "type": "PackDetInputs",
        "meta_keys": ("img_id", "img_path", "ori_shape", "img_shape", "scale_factor"),
    },
]


def make_toy_competition(folder: Path, num_images: int = 12) -> Path:
    """Write images, `train.json`, `test.json` without boxes, and a sealed split of two folds."""
    train = make_toy_coco(folder, num_images)
    write_json(folder / "test.json", {**read_json(train), "annotations": []})
    seal(make_split(read_ground_truth(train), num_folds=2, seed=42), folder / "splits" / "toy")
    return folder


def make_toy_config_file(data: Path, path: Path, max_epochs: int = 1, **competition: Any) -> Path:
    """Write a config on the data of `make_toy_competition`; others are keys of `competition`."""
    config = toy_config(data / "train.json", path.parent / "unused")
    loader = {"batch_size": 2, "num_workers": 0, "sampler": {"type": "DefaultSampler"}}
    for part, pipeline in (("train", FLIP), ("val", TEST_PIPELINE), ("test", TEST_PIPELINE)):
        dataset: dict[str, Any] = {"type": "CompetitionDataset", "part": part, "pipeline": pipeline}
        dataset |= {} if part == "train" else {"test_mode": True}
        sampler = {"type": "DefaultSampler", "shuffle": part == "train"}
        config[f"{part}_dataloader"] = {**loader, "sampler": sampler, "dataset": dataset}
    config |= {
        "competition": {
            "name": "toy",
            "data_root": str(data),
            "train_ann": "train.json",
            "test_ann": "test.json",
            "split": str(data / "splits" / "toy"),
            "fold": 0,
            "classes": list(TOY_CLASSES),
            **competition,
        },
        "train_cfg": {"type": "EpochBasedTrainLoop", "max_epochs": max_epochs, "val_interval": 1},
        "val_cfg": {"type": "ValLoop"},
        "test_cfg": {"type": "TestLoop"},
        "val_evaluator": {"type": "CompetitionMetric"},
        "test_evaluator": {"type": "CompetitionMetric"},
    }
    config["default_hooks"]["checkpoint"] = {
        "type": "CheckpointHook",
        "interval": -1,
        "save_last": False,
        "save_best": metric_of(DEFAULT_METRIC).key,
        "rule": "greater",
    }
    from mmengine.config import Config  # testing/ is part of the light core

    Config(config).dump(str(path))
    return path
