"""wandb records offline without a key, and its failures stay its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config

from custom.training.visualization.wandb_backend import GuardedWandbBackend, choose_mode
from tests.training.visualization.offline import read_wandb


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


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    messages: list[str] = []
    for module in ("guarded", "wandb_backend"):
        name = f"custom.training.visualization.{module}.print_log"
        monkeypatch.setattr(name, lambda message, *_: messages.append(message))
    return messages


def test_what_is_recorded_offline_is_on_disk(tmp_path: Path, said: list[str]) -> None:
    backend = GuardedWandbBackend(str(tmp_path / "vis"), {"project": "test"})
    backend.add_config(Config({"competition": {"name": "toy"}}))
    backend.add_scalars({"coco/can_AP50": 0.625, "loss": 1.5}, step=1)
    backend.add_image("val", np.zeros((4, 4, 3), np.uint8))
    backend.close()  # MMEngine's, at the end of the training
    backend.add_results({"gate/decision": "accept"})
    backend.finish()
    found = read_wandb(tmp_path / "vis")
    assert found.config["competition"] == {"name": "toy"}
    assert (found.of("coco/can_AP50"), found.of("loss")) == ([0.625], [1.5])
    assert found.summary["gate/decision"] == "accept"
    assert said == []


def test_a_failed_training_is_recorded_as_one(tmp_path: Path) -> None:
    backend = GuardedWandbBackend(str(tmp_path / "vis"), {"project": "test"})
    backend.add_scalars({"loss": 1.5})
    backend.finish(failed=True)
    assert read_wandb(tmp_path / "vis").exit_code == 1


def test_a_failure_is_logged_once_and_then_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    backend = GuardedWandbBackend(str(tmp_path / "vis"))

    def fail() -> None:
        raise RuntimeError("the service died")

    monkeypatch.setattr(backend, "_init_env", fail)
    backend.add_scalar("loss", 1.0)
    backend.add_scalars({"loss": 1.0})
    backend.finish()
    assert said == [
        "tracking by GuardedWandbBackend failed, and the run goes on without it: "
        "RuntimeError('the service died')"
    ]


def test_an_unreachable_service_is_recorded_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    import wandb

    modes = []

    def init(**kwargs: object) -> None:
        modes.append(kwargs["mode"])
        if kwargs["mode"] == "online":
            raise wandb.errors.CommError("no network")

    monkeypatch.setenv("WANDB_API_KEY", "key")
    monkeypatch.setattr(wandb, "init", init)
    monkeypatch.setattr(wandb, "define_metric", lambda *_, **__: None)
    GuardedWandbBackend(str(tmp_path / "vis"))._init_env()
    assert modes == ["online", "offline"]
    assert "recording offline" in said[0]
