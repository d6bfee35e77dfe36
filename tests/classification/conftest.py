"""Toy competitions of labels, and their trainings, that several tests look at."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from custom.testing.toy_labels import make_toy_labels, toy_classifier
from tools.train import main

TASKS = ("image", "region")


@pytest.fixture(autouse=True)
def scope() -> None:
    """Let parts be built by their bare names, as a runner does."""
    init_default_scope("mmdet")


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the folder of each task's toy data."""
    folder = tmp_path_factory.mktemp("labels")
    return {task: make_toy_labels(folder / task, task) for task in TASKS}


@pytest.fixture(scope="session")
def trained(data: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the run of each task, trained by the command with two workers."""
    folder = tmp_path_factory.mktemp("trained")
    for task in TASKS:
        config = toy_classifier(data[task], task, max_epochs=6)
        for part in ("train", "val", "test"):
            config[f"{part}_dataloader"].update(num_workers=2, persistent_workers=True)
        config["train_cfg"]["val_interval"] = 3
        Config(config).dump(folder / f"{task}.py")
        assert main([str(folder / f"{task}.py"), "--work-dir", str(folder / "runs" / task)]) == 0
    return {task: folder / "runs" / task for task in TASKS}
