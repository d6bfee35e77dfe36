"""Training on all folds: no validation, the last weights, and what its siblings score."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from custom.errors import PodiumError
from custom.runs import read_run
from custom.testing.toy_competition import make_toy_competition, make_toy_config_file
from custom.training.all_folds import fold_of, leave_out_validation
from custom.training.configuration import RunOptions, load_config
from custom.training.soup_runs import make_soup
from tools.ensemble import main as ensemble_main
from tools.test import main as predict_main
from tools.train import main as train_main

EMA = '_base_ = "./toy.py"\ncustom_hooks = [dict(type="EMAHook", momentum=0.5)]\n'


@pytest.fixture(scope="module")
def config_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("all")
    return make_toy_config_file(
        make_toy_competition(folder / "data"), folder / "toy.py", max_epochs=2
    )


def trained(config_file: Path, name: str, *options: str) -> Path:
    folder = config_file.parent / "runs" / name
    assert train_main([str(config_file), "--work-dir", str(folder), *options]) == 0
    return folder


def test_every_image_is_trained_on_and_nothing_is_validated(config_file: Path, capsys) -> None:
    sibling = trained(config_file, "toy", "--fold", "1")
    run = read_run(trained(config_file, "toy_all", "--fold", "all"))
    record = run.record
    assert (record.fold, dict(record.metrics), sorted(record.data)) == (None, {}, ["train"])
    assert not (run.folder / "val.json").exists()
    # 12 images in batches of 2, twice; a fold leaves out 6 of them.
    steps = [
        torch.load(f / "best.pth", weights_only=True)["meta"]["iter"] for f in (run.folder, sibling)
    ]
    assert steps[0] == 12
    assert steps[1] <= 6
    known, of_sibling = record.cross_validated, read_run(sibling).record
    assert (known.runs, known.folds, known.num_folds) == (("toy",), (1,), 2)
    assert known.value == pytest.approx(of_sibling.value("AP50"), abs=1e-12)
    printed = capsys.readouterr().out
    assert "toy_all: trained on all images, so that nothing is left to evaluate it" in printed
    assert f"siblings toy (folds 1 of 2): {known.value:.4f}" in printed


def test_it_predicts_the_test_set_and_is_fused_by_its_siblings_score(
    config_file: Path, capsys
) -> None:
    runs = config_file.parent / "runs"
    if not (runs / "toy_all").exists():
        test_every_image_is_trained_on_and_nothing_is_validated(config_file, capsys)
    assert predict_main([str(runs / "toy_all")]) == 0
    assert read_run(runs / "toy_all").test_predictions().num_images == 12
    assert "val" not in read_run(runs / "toy_all").record.predictions
    out = ["--out", str(config_file.parent / "submissions"), "--format", "coco"]
    ensemble_main([str(runs / "toy_all.json"), *out])
    assert "toy is scored in its place" in capsys.readouterr().out
    with pytest.raises(PodiumError, match="toy_all was trained on all images; take runs of one"):
        make_soup([str(runs / "toy_all" / "best.pth")], str(config_file.parent / "soup.pth"))


def test_the_average_is_published_where_there_is_one(config_file: Path, capsys) -> None:
    ema = config_file.with_name("ema.py")
    ema.write_text(EMA)
    plain, averaged = (
        trained(config, f"{config.stem}_none", "--fold", "none", "--seed", "7")
        for config in (config_file, ema)
    )
    assert "no run with its config, seed and split" in capsys.readouterr().out
    published = torch.load(averaged / "best.pth", weights_only=True)["state_dict"]
    last = torch.load(averaged / "last.pth", weights_only=False)
    source = torch.load(plain / "best.pth", weights_only=True)["state_dict"]
    name = "bbox_head.retina_cls.weight"
    assert torch.equal(last["ema_state_dict"][f"module.{name}"], source[name])
    assert torch.equal(published[name], last["state_dict"][name])
    assert not torch.equal(published[name], source[name])


def test_the_config_has_nothing_left_that_validates(
    config_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hooks = {"custom_hooks": [{"type": "PatienceHook"}]}
    with caplog.at_level(logging.WARNING):
        config = load_config(config_file, RunOptions(fold="all", overrides=hooks))
    assert "PatienceHook is left out" in caplog.text
    assert [config[f"val_{part}"] for part in ("dataloader", "cfg", "evaluator")] == [None] * 3
    assert "PatienceHook" not in [hook["type"] for hook in config.custom_hooks]
    assert "save_best" not in config.default_hooks.checkpoint
    assert config.train_dataloader.dataset.split is None


def test_a_schedule_that_follows_validation_is_refused() -> None:
    config = Config({"param_scheduler": [{"type": "ReduceOnPlateauLR"}], "default_hooks": {}})
    with pytest.raises(PodiumError, match="param_scheduler has ReduceOnPlateauLR"):
        leave_out_validation(config)


@pytest.mark.parametrize(
    ("option", "fold"),
    [pytest.param("2", 2, id="number"), ("all", None), ("none", None), pytest.param(0, 0, id="0")],
)
def test_a_fold_is_a_number_or_all(option, fold) -> None:
    assert fold_of(option) == fold


def test_what_cannot_be_gated_is_not_trained(config_file: Path, tmp_path: Path) -> None:
    with pytest.raises(PodiumError, match="--fold must be a number from 0, or all"):
        train_main([str(config_file), "--fold", "first"])
    baseline = config_file.parent / "runs" / "toy"
    if not baseline.exists():
        trained(config_file, "toy", "--fold", "1")
    options = ["--fold", "all", "--work-dir", str(tmp_path / "x"), "--gate", str(baseline)]
    with pytest.raises(PodiumError, match="--gate needs a fold that evaluates the run"):
        train_main([str(config_file), *options])
    assert not (tmp_path / "x").exists()
