"""A training goes by the competition's metric: best weights, log, record and closing lines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from custom.detection.metrics import CompetitionMetric
from custom.errors import PodiumError
from custom.evaluation import METRICS, score
from custom.runs import read_run
from custom.testing.toy_competition import make_toy_competition, make_toy_config_file
from custom.training.checks import check_before_training
from custom.training.configuration import RunOptions, load_config
from custom.training.hooks import BestHook
from tests import toy_metric
from tools.train import main

pytest.importorskip("mmdet")


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    for metric in toy_metric.METRICS:
        monkeypatch.setitem(METRICS, metric.name, metric)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_toy_competition(tmp_path_factory.mktemp("toy"))


def test_a_registered_metric_decides_in_a_training(
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    validations: list[float] = []
    compute = CompetitionMetric.compute_metrics

    def seen(self: CompetitionMetric, results: list[Any]) -> dict[str, float]:
        values = compute(self, results)
        validations.append(values["toy"])
        return values

    monkeypatch.setattr(CompetitionMetric, "compute_metrics", seen)
    config_file = make_toy_config_file(
        data, tmp_path / "toy.py", max_epochs=3, metric="toy", format="trash"
    )
    options = ["train_dataloader.num_workers=2", "val_dataloader.num_workers=2"]
    assert (
        main([str(config_file), "--work-dir", str(tmp_path / "run"), "--cfg-options", *options])
        == 0
    )
    lines = capsys.readouterr().out
    run = read_run(tmp_path / "run")
    assert len(validations) == 3
    assert run.record.value() == max(validations)
    assert (run.record.metric, run.record.submission_format) == ("toy", "trash")
    own = score(run.val_ground_truth, run.val_predictions(), "toy")
    assert run.record.value() == pytest.approx(own.value, abs=1e-6)
    assert {"toy", "AP50", "AP75", "AP", "APs", "AR100"} <= set(run.record.metrics)
    assert set(run.record.metrics["AP75"].per_class) == {"red", "green", "blue"}
    assert f"run: val toy {run.record.value():.4f}" in lines
    assert "beside it: mAP50" in lines


def test_the_metric_reaches_evaluators_checkpoint_and_patience(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config_file = make_toy_config_file(data, tmp_path / "toy.py", metric="wheat")
    config_file.write_text(
        config_file.read_text() + 'custom_hooks = [dict(type="PatienceHook", patience=2)]\n'
    )
    config = load_config(config_file, RunOptions())
    assert (config.val_evaluator.metric, config.test_evaluator.metric) == ("wheat", "wheat")
    assert config.default_hooks.checkpoint.save_best == "coco/wheat"
    assert config.custom_hooks[0].monitor == "coco/wheat"
    check_before_training(config)


def test_an_unknown_metric_is_told_before_the_training(data: Path, tmp_path: Path) -> None:
    config_file = make_toy_config_file(data, tmp_path / "toy.py", metric="mAP")
    with pytest.raises(PodiumError, match=r"metric must be one of AP50, .* but is 'mAP'"):
        load_config(config_file, RunOptions())


def test_best_means_the_metrics_direction(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The best of three validations is the one of the least loss."""
    loss = replace(METRICS["toy"], name="loss", greater_is_better=False)
    monkeypatch.setitem(METRICS, "loss", loss)
    config_file = make_toy_config_file(data, tmp_path / "toy.py", metric="loss")
    config = load_config(config_file, RunOptions())
    assert config.default_hooks.checkpoint.rule == "less"
    hook = BestHook()
    monkeypatch.setattr(hook, "_write", lambda runner, metrics: None)
    logger = SimpleNamespace(info=lambda text: None)
    for epoch, value in enumerate((0.5, 0.2, 0.3), start=1):
        runner = SimpleNamespace(cfg=config, epoch=epoch, iter=epoch, logger=logger)
        hook.after_val_epoch(runner, {"coco/loss": value})
    assert hook.best is not None
    assert (hook.best["epoch"], hook.best["score"]) == (2, 0.2)
