"""tools/test.py predicts val and test alike, and a kill between two writes is told."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from custom.errors import PodiumError
from custom.evaluation import score
from custom.files import read_json, sha256_of, write_json
from custom.runs import Procedure, Run, procedure_of, read_run
from custom.testing.toy_competition import make_toy_competition, make_toy_config_file
from custom.training import test_set
from custom.training.saving import save_checkpoint
from tools.test import main as predict_main
from tools.train import main as train_main

PARTS = ("val", "test")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train once; return the folder of `data/` and `runs/`."""
    folder = tmp_path_factory.mktemp("trained")
    config = make_toy_config_file(make_toy_competition(folder / "data"), folder / "toy.py")
    run = str(folder / "runs" / "toy")
    train_main([str(config), "--work-dir", run, "--cfg-options", "test_dataloader.num_workers=2"])
    predict_main([run])
    return folder


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """Return a copy of the run, on the data of the original."""
    shutil.copytree(trained / "runs", tmp_path / "runs")
    return tmp_path / "runs" / "toy"


@pytest.fixture(scope="module")
def known() -> dict[tuple[str, Procedure], Any]:
    """Return what was predicted already, by part and procedure."""
    return {}


@pytest.fixture
def predicted(monkeypatch: pytest.MonkeyPatch, known: dict) -> list[str]:
    """Predict each part only once by a procedure; return the parts that were asked for."""
    asked, original = [], test_set.predict

    def remembered(config, weights, part, procedure):
        asked.append(part)
        if (part, procedure) not in known:
            known[part, procedure] = original(config, weights, part, procedure)
        return known[part, procedure]

    monkeypatch.setattr(test_set, "predict", remembered)
    return asked


def contents(run: Path) -> list[bytes]:
    files = (run / "val.json", run.with_name("toy.json"), run / "run.json")
    return [path.read_bytes() for path in files]


def procedures(run: Run) -> list[Procedure]:
    return [procedure_of(run.record, part) for part in PARTS]


@pytest.mark.usefixtures("predicted")
def test_views_are_merged_on_val_too_and_plain_predictions_put_back(run: Path, capsys) -> None:
    before, metrics = contents(run), read_run(run).record.metrics
    assert predict_main([str(run), "--tta"]) == 0
    merged = read_run(run)
    assert procedures(merged) == [Procedure(tta=True)] * 2
    val, test, _ = contents(run)
    assert val != before[0]
    assert test != before[1]
    scored = score(merged.val_ground_truth, merged.val_predictions()).value
    assert merged.record.value("AP50") == pytest.approx(scored, abs=1e-12)
    assert f"val mAP50 {scored:.4f}, predicted the same way" in capsys.readouterr().out
    assert merged.test_predictions().num_images == 12
    assert predict_main([str(run)]) == 0
    assert contents(run)[:2] == before[:2]
    assert read_run(run).record.metrics == metrics
    assert procedures(read_run(run)) == [Procedure()] * 2


def test_val_is_left_alone_where_it_was_predicted_so(run: Path, predicted: list[str]) -> None:
    before = contents(run)
    predict_main([str(run)])
    assert predicted == ["test"]
    assert contents(run) == before
    predict_main([str(run), "--out", str(run.with_name("other.json")), "--tta"])
    assert predicted == ["test", "test"]
    assert contents(run) == before


def test_options_are_followed_and_recorded(run: Path, tmp_path: Path) -> None:
    finished = read_run(run)
    scores = finished.test_predictions().scores
    middle = round(float(scores[len(scores) // 2]), 5)
    weights = torch.load(run / "best.pth", weights_only=True)
    for value in weights["state_dict"].values():
        value.mul_(0.99) if value.is_floating_point() else value
    other = tmp_path / "other.pth"
    save_checkpoint(other, weights)
    options = {"--score-thr": middle, "--max-per-img": 3, "--batch-size": 1, "--checkpoint": other}
    predict_main([str(run), *(str(each) for pair in options.items() for each in pair)])
    changed = read_run(run)
    expected = Procedure(False, middle, 3, 1, sha256_of(other))
    assert procedures(changed) == [expected] * 2
    for table in (changed.val_predictions(), changed.test_predictions()):
        assert table.num_boxes > 0
        assert table.scores.min() >= middle
        assert np.diff(table.offsets).max() <= 3
    assert changed.record.checkpoint_hash == sha256_of(run / "best.pth")
    # The run's own weights under another name are the usual procedure.
    shutil.copy(run / "best.pth", other)
    predict_main([str(run), "--checkpoint", str(other)])
    assert procedures(read_run(run)) == [Procedure()] * 2


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_kill_between_the_writes_is_told_and_run_again(
    run: Path, predicted: list[str], monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    before, done = contents(run), []

    def killed_after(write):
        def stand_in(*arguments, **values):
            if len(done) == writes:
                raise KeyboardInterrupt
            done.append(write)
            return write(*arguments, **values)

        return stand_in

    with monkeypatch.context() as patch:
        patch.setattr(test_set, "write_results", killed_after(test_set.write_results))
        patch.setattr(test_set.runs, "update_record", killed_after(test_set.runs.update_record))
        with pytest.raises(KeyboardInterrupt):
            predict_main([str(run), "--tta"])
    assert len(done) == writes
    finished = read_run(run)
    if writes == 0:
        assert contents(run) == before
        assert finished.val_predictions().num_images == 6
    else:
        with pytest.raises(PodiumError, match=r"val\.json must be .* Run tools/test\.py .* again"):
            finished.val_predictions()
    predict_main([str(run)])
    assert contents(run)[:2] == before[:2]
    assert read_run(run).val_predictions().num_images == 6


@pytest.mark.usefixtures("predicted")
def test_val_is_not_predicted_anew_on_other_boxes(run: Path, trained: Path, tmp_path: Path) -> None:
    moved = tmp_path / "data"
    shutil.copytree(trained / "data", moved)
    predict_main([str(run), "--tta", "--data-root", str(moved)])
    assert read_run(run).val_file == moved / "train.json"
    train = read_json(moved / "train.json")
    write_json(moved / "train.json", {**train, "annotations": train["annotations"][1:]})
    before = contents(run)
    with pytest.raises(PodiumError, match="must be the file that toy was judged by"):
        predict_main([str(run), "--data-root", str(moved)])
    assert contents(run) == before


def test_missing_weights_are_told(run: Path) -> None:
    with pytest.raises(PodiumError, match=r"cannot read none\.pth"):
        predict_main([str(run), "--checkpoint", "none.pth"])
