"""Two processes, joined by gloo: the score that chooses the best weights is that of the file."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from mmengine.config import Config

from custom.runs import read_run
from custom.testing.killed_settings import make_setting
from custom.testing.killed_trainings import train_together
from custom.training.prediction import predict


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("setting", ["no-worker", "ema"])
def test_two_processes_score_what_they_publish(
    setting: str, toy_competition: Path, tmp_path: Path
) -> None:
    config, folder = make_setting(setting, toy_competition, tmp_path / "toy.py"), tmp_path / "run"
    assert train_together(config, folder, free_port()) == [0, 0], log_of(folder)
    found = read_run(folder).record.metrics["AP50"].value
    assert found is not None
    assert found > 0
    recorded = Config.fromfile(folder / "config.py")
    recorded.launcher = "none"
    alone = predict(recorded, folder / "best.pth", "val")[1]
    assert found == pytest.approx(alone["coco/bbox_mAP_50"], abs=1e-9)


def log_of(folder: Path) -> str:
    return folder.with_name(f"{folder.name}.log").read_text()
