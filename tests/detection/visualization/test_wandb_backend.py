"""wandb records offline without a key, and its failures stay its own."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config

from custom.detection.visualization.wandb_backend import GuardedWandbBackend, choose_mode


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("WANDB_API_KEY", "WANDB_MODE", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_without_a_key_it_is_offline_and_with_one_online(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert choose_mode() == "offline"
    (tmp_path / ".netrc").write_text("machine api.wandb.ai login user password key\n")
    (tmp_path / ".netrc").chmod(0o600)
    assert choose_mode() == "online"
    (tmp_path / ".netrc").unlink()
    monkeypatch.setenv("WANDB_API_KEY", "key")
    assert choose_mode() == "online"
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert choose_mode() == "disabled"


def test_what_is_recorded_offline_is_on_disk(tmp_path: Path) -> None:
    backend = GuardedWandbBackend(str(tmp_path / "vis"), {"project": "test"})
    backend.add_config(Config({"competition": {"name": "toy"}}))
    backend.add_scalars({"coco/can_AP50": 0.625, "loss": 1.5}, step=1)
    backend.add_image("val", np.zeros((4, 4, 3), np.uint8))
    backend.close()
    (record,) = (tmp_path / "vis").glob("wandb/offline-run-*/run-*.wandb")
    expected = (b"coco/can_AP50", b"0.625", b"competition")
    for _ in range(60):  # wandb's own process writes it, and may do so after finish() returned
        if all(each in record.read_bytes() for each in expected):
            break
        time.sleep(0.5)
    content = record.read_bytes()
    assert [each for each in expected if each not in content] == []
    assert not backend._given_up


def test_a_failure_is_logged_once_and_then_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    backend = GuardedWandbBackend(str(tmp_path / "vis"))

    def fail() -> None:
        raise RuntimeError("the service died")

    monkeypatch.setattr(backend, "_init_env", fail)
    with caplog.at_level(logging.WARNING):
        backend.add_scalar("loss", 1.0)
        backend.add_scalars({"loss": 1.0})
        backend.close()
    assert [r.message for r in caplog.records] == [
        "wandb failed and is left alone for the rest of the run: the service died"
    ]


def test_an_unreachable_service_is_recorded_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import wandb

    modes = []

    def init(**kwargs: object) -> None:
        modes.append(kwargs["mode"])
        if kwargs["mode"] == "online":
            raise wandb.errors.CommError("no network")

    monkeypatch.setenv("WANDB_API_KEY", "key")
    monkeypatch.setattr(wandb, "init", init)
    with caplog.at_level(logging.WARNING):
        GuardedWandbBackend(str(tmp_path / "vis"))._init_env()
    assert modes == ["online", "offline"]
    assert "recording offline" in caplog.text
