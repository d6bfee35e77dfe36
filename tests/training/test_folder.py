"""What a training may begin or go on from, and which of its weights it publishes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import torch

from custom.detection.metrics import CompetitionMetric
from custom.errors import PodiumError
from custom.files import sha256_of
from custom.runs import read_run
from custom.testing.toy_competition import make_toy_competition, make_toy_config_file
from custom.training.seeding import ResumableEpochLoop
from tools.train import main as train_main


class Killed(BaseException):
    """Ends a training in this process without anything more being done."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_toy_competition(tmp_path_factory.mktemp("folder") / "data", num_images=8)


@pytest.fixture(scope="module")
def config(data: Path) -> str:
    return str(make_toy_config_file(data, data.with_name("toy.py"), max_epochs=10))


@pytest.fixture(scope="module")
def scored() -> Iterator[Callable[[dict[int, float]], None]]:
    """Let validations score as told by epoch, 0 where nothing is told."""
    patch = pytest.MonkeyPatch()

    def let(scores: dict[int, float]) -> None:
        patch.undo()
        compute, validate = CompetitionMetric.compute_metrics, ResumableEpochLoop._validate
        epoch = {"now": 0}

        def remember(self: Any) -> None:
            epoch["now"] = self._epoch
            validate(self)

        def told(self: Any, results: Any) -> dict[str, float]:
            score = scores.get(epoch["now"], 0.0)
            return {**compute(self, results), "bbox_mAP_50": score}

        patch.setattr(ResumableEpochLoop, "_validate", remember)
        patch.setattr(CompetitionMetric, "compute_metrics", told)

    yield let
    patch.undo()


@contextmanager
def stopped_at(epoch: int) -> Iterator[None]:
    """Let a training end at the beginning of an epoch, from 1, as if it had been killed."""
    run_epoch = ResumableEpochLoop.run_epoch

    def stop(self: Any) -> None:
        if self._epoch == epoch - 1:
            raise Killed
        run_epoch(self)

    with pytest.MonkeyPatch.context() as patch, suppress(Killed):
        patch.setattr(ResumableEpochLoop, "run_epoch", stop)
        yield
        raise AssertionError(f"epoch {epoch} has not begun")


def test_the_best_is_the_trainings_own_whatever_its_name(
    config: str, tmp_path: Path, scored: Callable[[dict[int, float]], None]
) -> None:
    scored({9: 0.3, 10: 0.5})  # epoch_9 comes after epoch_10 in the order of names
    whole, first, moved = tmp_path / "whole", tmp_path / "first", tmp_path / "moved"
    train_main([config, "--work-dir", str(whole)])
    with stopped_at(10):
        train_main([config, "--work-dir", str(first)])
    shutil.copytree(first, moved)
    train_main([config, "--work-dir", str(moved), "--resume"])
    for folder in (whole, moved):
        assert read_run(folder).record.metrics["AP50"].value == 0.5
        assert torch.load(folder / "best.pth")["meta"]["epoch"] == 10
    assert sha256_of(whole / "best.pth") == sha256_of(moved / "best.pth")
    # The folder that was copied is as it was: what it holds can still be gone on from.
    kept = {f"best_coco_bbox_mAP_50_epoch_{epoch}.pth" for epoch in (1, 9)}
    assert {path.name for path in first.glob("best_*.pth")} == kept


def test_the_first_of_equal_validations_is_published(
    config: str, tmp_path: Path, scored: Callable[[dict[int, float]], None]
) -> None:
    scored({3: 0.4, 7: 0.4})
    train_main([config, "--work-dir", str(tmp_path / "run")])
    assert torch.load(tmp_path / "run" / "best.pth")["meta"]["epoch"] == 3


@pytest.fixture(scope="module")
def left(config: str, data: Path, scored: Callable[[dict[int, float]], None]) -> Path:
    """A training that ended at the beginning of epoch 4; its second epoch was the best."""
    scored({2: 0.4})
    with stopped_at(4):
        train_main([config, "--work-dir", str(data.with_name("left"))])
    return data.with_name("left")


@pytest.fixture
def unfinished(left: Path, tmp_path: Path) -> Path:
    shutil.copytree(left, tmp_path / "run")
    return tmp_path / "run"


BEST = "best_coco_bbox_mAP_50_epoch_2.pth"


def without_its_resume_point(folder: Path) -> None:
    (folder / "last.pth").unlink()


def with_anothers_best(folder: Path) -> None:
    checkpoint = torch.load(folder / BEST)
    checkpoint["meta"]["training"] = "another"
    torch.save(checkpoint, folder / "best_coco_bbox_mAP_50_epoch_9.pth")


def without_its_best(folder: Path) -> None:
    (folder / BEST).unlink()


def flipped(folder: Path) -> None:
    content = bytearray((folder / "last.pth").read_bytes())
    content[len(content) // 3] ^= 1
    (folder / "last.pth").write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "resume", "message"),
    [
        pytest.param(without_its_resume_point, [], f"but has {BEST}, of something else", id="left"),
        pytest.param(without_its_resume_point, ["--resume"], "needs a resume point", id="no point"),
        pytest.param(with_anothers_best, ["--resume"], "epoch_9.pth must be of the", id="foreign"),
        pytest.param(without_its_best, ["--resume"], f"must hold {BEST}", id="no best"),
        pytest.param(flipped, ["--resume"], "but its content has changed", id="flipped byte"),
        pytest.param(lambda f: None, [], "holds an unfinished run", id="not resumed"),
    ],
)
def test_a_folder_that_is_not_what_a_training_left_is_refused(
    config: str, unfinished: Path, spoil: Callable, resume: list[str], message: str
) -> None:
    spoil(unfinished)
    before = {path.name: path.stat().st_mtime_ns for path in unfinished.glob("*.pth")}
    with pytest.raises(PodiumError, match=message):
        train_main([config, "--work-dir", str(unfinished), *resume])
    assert before == {path.name: path.stat().st_mtime_ns for path in unfinished.glob("*.pth")}


def test_a_training_that_is_over_is_not_finished_with_another_config(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    short = ["--work-dir", str(folder), "--cfg-options", "train_cfg.max_epochs=1"]
    with monkeypatch.context() as patch:
        patch.setattr("custom.training.train.publish_best", killed)
        with pytest.raises(Killed):
            train_main([config, *short])
    with pytest.raises(PodiumError, match=r"is over.*\n  optim_wrapper.optimizer.lr: .* -> 0.5"):
        train_main([config, *short, "optim_wrapper.optimizer.lr=0.5", "--resume"])
    with pytest.raises(PodiumError, match="holds an unfinished run"):
        train_main([config, *short])
    (folder / ".best.pth.x.tmp").touch()  # what a killed process was writing
    train_main([config, *short, "--resume"])
    files = {path.name for path in folder.iterdir() if path.is_file()}
    assert files >= {"best.pth", "config.py", "last.pth", "run.json", "val.json"}
    assert not files & {"trained.json", ".best.pth.x.tmp", ".training.lock"}


def killed(*args: Any) -> None:
    raise Killed
