"""tools/train.py and tools/test.py on a toy competition: what they leave, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from custom.errors import PodiumError
from custom.evaluation import score
from custom.files import read_json, sha256_of, write_json
from custom.runs import read_run
from custom.testing.toy_competition import make_toy_competition, make_toy_config_file
from custom.training.saving import save_checkpoint
from custom.training.seeding import config_changes
from custom.training.train import start_from
from tools.test import main as predict_main
from tools.train import main as train_main


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_toy_competition(tmp_path / "data")


@pytest.fixture
def config_file(data: Path, tmp_path: Path) -> str:
    return str(make_toy_config_file(data, tmp_path / "toy.py"))


def test_a_run_holds_what_the_design_says(config_file: str, tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "toy"
    assert train_main([config_file, "--seed", "7", "--fold", "1", "--work-dir", str(folder)]) == 0
    run = read_run(folder)
    assert (run.record.seed, run.record.fold, run.record.name) == (7, 1, "toy")
    assert run.record.checkpoint_hash == sha256_of(folder / "best.pth")
    val = run.val_predictions()
    assert sorted(val.image_ids.tolist()) == sorted(run.split.val_ids(1).tolist())
    # run.json says what val.json scores, and val.json is what best.pth predicts.
    scored = score(run.val_ground_truth, val)
    assert run.record.value() == pytest.approx(scored.value, abs=1e-12)
    assert list(run.record.per_class()) == ["red", "green", "blue"]
    assert "optimizer" not in torch.load(folder / "best.pth", weights_only=False)
    config = (folder / "config.py").read_bytes()
    assert b"train_dataloader" in config
    assert predict_main([str(folder)]) == 0
    assert read_run(folder).test_predictions().num_images == 12
    assert (folder / "config.py").read_bytes() == config
    with pytest.raises(PodiumError, match="already holds a finished run"):
        train_main([config_file, "--work-dir", str(folder)])
    (folder / "config.json").write_text("{")
    with pytest.raises(PodiumError, match=r"config\.json must be a run's config in JSON"):
        predict_main([str(folder)])


def test_the_seed_of_the_command_line_holds(config_file: str, tmp_path: Path) -> None:
    states = []
    for name, seed in (("a", "42"), ("b", "42"), ("c", "43")):
        folder = tmp_path / "runs" / name
        train_main([config_file, "--seed", seed, "--work-dir", str(folder)])
        states.append(torch.load(folder / "best.pth", weights_only=False)["state_dict"])
    same = [all(torch.equal(states[0][k], other[k]) for k in other) for other in states[1:]]
    assert same == [True, False]
    for file in ("val.json", "best.pth"):  # the record's hash of best.pth is of its bytes
        first, second = [(tmp_path / "runs" / name / file).read_bytes() for name in "ab"]
        assert first == second


def test_a_run_starts_from_another_runs_weights(config_file: str, tmp_path: Path) -> None:
    first, second = tmp_path / "runs" / "a", tmp_path / "runs" / "b"
    train_main([config_file, "--work-dir", str(first)])
    weights = first / "best.pth"
    still = ["--cfg-options", "optim_wrapper.optimizer.lr=0.0"]
    train_main([config_file, "--work-dir", str(second), "--init", str(weights), *still])
    states = [torch.load(f / "best.pth", weights_only=False)["state_dict"] for f in (first, second)]
    kernels = [name for name, value in states[0].items() if value.ndim == 4]
    assert kernels
    assert all(torch.equal(states[0][name], states[1][name]) for name in kernels)


def test_a_start_from_other_weights_is_no_changed_config_when_resumed() -> None:
    plain = {"custom_hooks": [], "default_hooks": {}, "competition": {"classes": ["can"]}}
    resumed, started = Config(plain), Config(plain)
    start_from(started, "weights.pth")
    assert started.default_hooks.init_weights.checkpoint == "weights.pth"
    assert config_changes(started, resumed) == []


def no_image(data: Path, config_file: str) -> list[str]:
    next(iter(sorted((data / "images").iterdir()))).unlink()
    return []


def other_classes(data: Path, config_file: str) -> list[str]:
    return ["--cfg-options", "competition.classes=['red','green']"]


def half_a_resume_point(data: Path, config_file: str) -> list[str]:
    folder = data.parent / "runs" / "toy"
    folder.mkdir(parents=True)
    save_checkpoint(folder / "last.pth", {"meta": {}})
    whole = (folder / "last.pth").read_bytes()
    (folder / "last.pth").write_bytes(whole[: len(whole) // 2])
    return ["--resume"]


def no_boxes(data: Path, config_file: str) -> list[str]:
    write_json(data / "train.json", read_json(data / "test.json"))
    return []


def no_weights(data: Path, config_file: str) -> list[str]:
    return ["--cfg-options", "load_from=http://127.0.0.1:9/weights.pth"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(no_image, r"images/0000.png; is --data-root right", id="missing-image"),
        pytest.param(other_classes, "must be the categories of", id="classes"),
        pytest.param(no_boxes, "must have boxes to learn from", id="empty"),
        pytest.param(no_weights, "127.0.0.1:9/weights.pth.*--no-pretrained", id="weights"),
        pytest.param(lambda d, c: ["--fold", "2"], "fold must be 0 to 1", id="fold"),
        pytest.param(lambda d, c: ["--split", str(d)], "must be a sealed split", id="split"),
        pytest.param(
            lambda d, c: ["--amp"],
            "needs a CUDA device",
            id="amp",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device"),
        ),
        pytest.param(lambda d, c: ["--resume"], "needs a resume point", id="resume"),
        pytest.param(half_a_resume_point, r"last\.pth must be .* cut short", id="half-resume"),
        pytest.param(lambda d, c: ["--load-from", "none.pth"], "must be a checkpoint", id="load"),
        pytest.param(lambda d, c: ["--cfg-options", "fold"], "KEY=VALUE", id="cfg-options"),
        pytest.param(
            lambda d, c: ["--cfg-options", "competition.classes.first=bag"],
            "--cfg-options must fit .*toy.py",
            id="no-such-key",
        ),
        pytest.param(
            lambda d, c: ["--cfg-options", "optim_wraper.optimizer.lr=1"],
            "did you mean optim_wrapper",
            id="misspelt-key",
        ),
        pytest.param(lambda d, c: ["--seed", "-1"], "seed must be 0 to 4294967295", id="seed"),
        pytest.param(lambda d, c: ["--gate", str(d)], "there is no", id="baseline"),
    ],
)
def test_what_cannot_work_is_refused_before_training(
    data: Path, config_file: str, tmp_path: Path, spoil, message: str
) -> None:
    options = spoil(data, config_file)
    folder = tmp_path / "runs" / "toy"
    with pytest.raises(PodiumError, match=message):
        train_main([config_file, "--work-dir", str(folder), *options])
    assert not (folder / "run.json").exists()
    assert not (folder / "config.py").exists()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        pytest.param("model.backbone.dept=18", "'dept'", id="argument"),
        pytest.param("model.type=Foo", "Foo is not in the .* registry", id="class"),
        pytest.param("optim_wrapper.optimizer.lrr=1", "'lrr'", id="optimizer"),
        pytest.param("train_dataloader.batchsize=3", "'batchsize'", id="loader"),
    ],
)
def test_what_cannot_be_built_is_told_without_a_trace(
    config_file: str, tmp_path: Path, option: str, message: str
) -> None:
    folder = tmp_path / "runs" / "toy"
    with pytest.raises(PodiumError, match=f"toy.py must be a config that can be built.*{message}"):
        train_main([config_file, "--work-dir", str(folder), "--cfg-options", option])


def test_truncated_images_are_named_before_the_training(
    data: Path, config_file: str, tmp_path: Path
) -> None:
    for length in (100, 0):
        for path in (data / "images").iterdir():
            path.write_bytes(path.read_bytes()[:length])
        message = r"(?s)every image must be readable .* 6 of 6 are not:.*images/00\d\d\.png"
        with pytest.raises(PodiumError, match=message):
            train_main([config_file, "--work-dir", str(tmp_path / "runs" / str(length))])


def test_a_test_set_without_its_images_is_refused(
    config_file: str, data: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "runs" / "toy"
    train_main([config_file, "--work-dir", str(folder)])
    for path in (data / "images").iterdir():
        path.unlink()
    with pytest.raises(PodiumError, match="every image must be a file"):
        predict_main([str(folder)])
    assert not folder.with_name("toy.json").exists()
    (folder / "best.pth").write_bytes(b"")
    with pytest.raises(PodiumError, match=r"must be what run.json records"):
        predict_main([str(folder)])
    assert json.loads((folder / "run.json").read_text())["seed"] == 42
    assert np.isfinite(json.loads((folder / "run.json").read_text())["wall_time_s"])
