"""Two processes, joined by gloo: the score that chooses the best weights is that of the file."""

from __future__ import annotations

import socket
from pathlib import Path

import numpy as np
import pytest

from custom.runs import read_run
from custom.testing.killed_settings import make_setting, register_dropout_neck
from custom.testing.killed_trainings import train_together
from custom.training.prediction import predict
from custom.training.run_config import load_run_config


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
    run = read_run(folder)
    kept = run.val_predictions()
    assert kept.num_boxes > 0
    register_dropout_neck()
    alone = predict(load_run_config(run), folder / "best.pth", "val")[0].aligned_to(kept.image_ids)
    # Another number of images in a batch rounds otherwise; other statistics differ by far more.
    assert kept.num_boxes == alone.num_boxes
    np.testing.assert_allclose(kept.scores, alone.scores, atol=1e-6)


def log_of(folder: Path) -> str:
    return folder.with_name(f"{folder.name}.log").read_text()
