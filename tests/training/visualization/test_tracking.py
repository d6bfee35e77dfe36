"""A tracked run records what it should, trains as an untracked one, and outlives its trackers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config

from custom.errors import PodiumError
from custom.files import sha256_of
from custom.runs import RunRecord, read_run
from custom.testing.killed_trainings import different_tensors, trained_state
from custom.testing.toy_competition import make_toy_competition, make_toy_config_file
from custom.training.visualization.tracking import chosen_backends, use_tracking
from tests.training.visualization.broken import DrawingBackend
from tests.training.visualization.offline import read_tensorboard, read_wandb, texts
from tools.train import main as train_main

CLASSES = ("red", "green", "blue")


@dataclass
class Trained:
    """A competition with a plain run and the same run with both trackers on."""

    data: Path
    config_file: Path
    plain: Path
    tracked: Path

    @property
    def vis_data(self) -> Path:
        (folder,) = self.tracked.glob("*/vis_data/wandb")
        return folder.parent

    @property
    def record(self) -> RunRecord:
        return read_run(self.tracked).record


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("tracking")
    data = make_toy_competition(folder / "data")
    config_file = make_toy_config_file(data, folder / "toy.py", max_epochs=2)
    found = Trained(data, config_file, folder / "runs" / "plain", folder / "runs" / "tracked")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "offline")
        train_main([str(config_file), "--work-dir", str(found.plain)])
        both = ["--cfg-options", "tracking=wandb,tensorboard"]
        gate = ["--gate", str(found.plain)]
        train_main([str(config_file), "--work-dir", str(found.tracked), *gate, *both])
    return found


def assert_same_training(one: Path, two: Path) -> None:
    """Weights, optimizer and schedule, bit for bit."""
    for name in ("best.pth", "last.pth"):
        states = trained_state(one / name), trained_state(two / name)
        assert len(states[0]) > 50
        assert different_tensors(*states) == []


def test_tracking_does_not_change_the_training(trained: Trained) -> None:
    assert_same_training(trained.tracked, trained.plain)
    assert sha256_of(trained.tracked / "val.json") == sha256_of(trained.plain / "val.json")


def test_wandb_has_config_seed_split_and_numbers(trained: Trained) -> None:
    found, record = read_wandb(trained.vis_data), trained.record
    assert found.exit_code == 0
    run = found.config["run"]
    assert (run["seed"], run["fold"], run["split_hash"]) == (42, 0, record.split.hash)
    assert found.config["optim_wrapper"]["optimizer"]["lr"] == 0.01
    assert len(found.of("loss")) == 2
    for name in CLASSES:
        values = found.of(f"coco/{name}_AP50")
        assert len(values) == 2
        assert values[-1] == pytest.approx(record.per_class()[name], abs=1e-12)
    epochs = [row["epoch"] for row in found.history if "coco/red_AP50" in row]
    assert epochs == [1, 2]


def test_wandb_has_pictures_with_both_kinds_of_boxes(trained: Trained) -> None:
    found = read_wandb(trained.vis_data)
    paths = [key for key in found.history[-2] if key.endswith("ground_truth/path")]
    assert len(paths) == 5  # of six val images, one has no boxes
    annotated = 0
    for key in paths:
        first, second = (json.loads(found.file(path).read_text()) for path in found.of(key))
        assert first == second  # the truth, on the same images after both epochs
        annotated += len(first["box_data"])
        assert found.of(key.replace("ground_truth", "predictions"))
        image = key.replace("boxes/ground_truth/path", "path")
        assert all(found.file(path).is_file() for path in found.of(image))
    assert annotated == trained.record.verdict.overall.extra["num_boxes"]


def test_wandb_has_curves_verdict_and_files(trained: Trained) -> None:
    found, record = read_wandb(trained.vis_data), trained.record
    (path,) = found.of("precision_recall_table/path")
    table = json.loads(found.file(path).read_text())
    assert table["columns"] == ["class", "recall", "precision", "score"]
    # Recall at the end of a class's curve is that of every box that was found.
    ends = {row[0]: row[1] for row in table["data"]}
    assert set(ends) <= set(CLASSES)
    assert ends["red"] > 0
    assert found.summary["gate/decision"] == record.verdict.decision
    assert found.summary["gate/baseline"] == "plain"
    assert found.summary["best/mAP50"] == record.value()
    kept = found.artifacts[-1]
    assert {"best.pth", "val.json"} <= set(kept)
    assert Path(kept["best.pth"]) == trained.tracked / "best.pth"


def test_tensorboard_has_the_same(trained: Trained) -> None:
    reader, record = read_tensorboard(trained.vis_data), trained.record
    tags = reader.Tags()
    assert len(reader.Scalars("loss")) == 2
    for name in CLASSES:
        last = reader.Scalars(f"coco/{name}_AP50")[-1]
        assert last.step == 2
        assert last.value == pytest.approx(record.per_class()[name], abs=1e-6)
    pictures = [tag for tag in tags["images"] if tag.startswith("val_images/")]
    assert [[image.step for image in reader.Images(tag)] for tag in pictures] == [[1, 2]] * 5
    assert reader.Images(pictures[0])[0].width == 2 * 64  # truth and predictions side by side
    assert {f"precision_recall/{name}" for name in CLASSES} <= set(tags["tensors"])
    assert texts(reader, "gate/decision") == record.verdict.decision
    assert record.split.hash in texts(reader, "run")
    assert record.checkpoint_hash in texts(reader, "files")
    assert "RetinaNet" in texts(reader, "config")


def with_tracking(trained: Trained, folder: Path, backend: str) -> str:
    config_file = folder / f"{backend}.py"
    config_file.write_text(
        f"{trained.config_file.read_text()}\ntracking = [dict(type={backend!r})]\n"
    )
    return str(config_file)


def test_a_tracker_that_draws_random_numbers_changes_nothing(
    trained: Trained, tmp_path: Path
) -> None:
    folder = tmp_path / "runs" / "drawing"
    train_main([with_tracking(trained, tmp_path, "DrawingBackend"), "--work-dir", str(folder)])
    assert DrawingBackend.calls > 6
    assert_same_training(folder, trained.plain)


def test_a_tracker_that_fails_is_logged_once_and_stops_nothing(
    trained: Trained, tmp_path: Path
) -> None:
    folder = tmp_path / "runs" / "raising"
    train_main([with_tracking(trained, tmp_path, "RaisingBackend"), "--work-dir", str(folder)])
    assert_same_training(folder, trained.plain)
    logs = [path.read_text() for path in folder.glob("*/*.log")]
    (said,) = [line for log in logs for line in log.splitlines() if "service died" in line]
    assert "tracking by RaisingBackend failed, and the run goes on" in said
    assert "WARNING" in said


def test_pictures_that_cannot_be_read_stop_nothing(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom.training.visualization.pictures.cv2.imread", lambda *_: None)
    folder = tmp_path / "runs" / "blind"
    train_main([with_tracking(trained, tmp_path, "DrawingBackend"), "--work-dir", str(folder)])
    logs = "".join(path.read_text() for path in folder.glob("*/*.log"))
    assert "tracking of val images failed" in logs
    assert "cannot read the image" in logs
    assert_same_training(folder, trained.plain)


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        pytest.param(None, [], id="absent"),
        pytest.param([], [], id="empty"),
        pytest.param("wandb", ["wandb"], id="one name"),
        pytest.param(["wandb", "tensorboard"], ["wandb", "tensorboard"], id="both"),
    ],
)
def test_one_switch_names_the_backends(listed, expected) -> None:
    assert chosen_backends(Config({} if listed is None else {"tracking": listed})) == expected


def test_an_unknown_backend_is_refused() -> None:
    with pytest.raises(PodiumError, match="among wandb, tensorboard, but is 'mlflow'"):
        chosen_backends(Config({"tracking": ["mlflow"]}))


def test_the_switch_leaves_other_backends_and_other_runs_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("WANDB_PROJECT", raising=False)
    names = []
    for _ in range(2):
        config = Config(
            {
                "work_dir": "runs/x",
                "tracking": ["wandb"],
                "competition": {"name": "toy"},
                "default_hooks": {},
                "visualizer": {"type": "Visualizer", "vis_backends": [{"type": "Other"}]},
            }
        )
        use_tracking(config)
        other, ours = config.visualizer.vis_backends
        assert other["type"] == "Other"
        assert ours["init_kwargs"] == {"project": "podium-toy", "name": "x"}
        assert config.default_hooks.tracking.type == "TrackingHook"
        names.append(config.visualizer.name)
    assert len(set(names)) == 2


def test_the_fixture_is_not_vacuous(trained: Trained) -> None:
    assert trained.record.per_class()["red"] > 0
    assert np.isfinite(trained.record.value())
