"""Val and test are predicted alike, or nobody may read them together."""

from __future__ import annotations

from pathlib import Path

import pytest

from custom import runs
from custom.ensemble.inputs import read_inputs
from custom.errors import PodiumError
from custom.gate.runs import gate_runs, setting_of
from custom.runs import Procedure, procedure_of, read_run
from custom.testing.toy_runs import make_toy_run, make_toy_split

TTA = Procedure(tta=True, score_thr=0.1)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    make_toy_split(tmp_path)
    make_toy_run(tmp_path, tmp_path / "runs" / "a")
    make_toy_run(tmp_path, tmp_path / "runs" / "b", seed=43)
    return tmp_path / "runs" / "a"


def record_predictions(run: Path, **procedures: Procedure) -> None:
    files = {"val": run / "val.json", "test": run.with_name(f"{run.name}.json")}
    entries = {part: runs.predictions_entry(files[part], p) for part, p in procedures.items()}
    runs.update_record(run, predictions=entries)


def test_what_is_recorded_is_read_back(run: Path) -> None:
    record_predictions(run, val=TTA, test=TTA)
    found = read_run(run)
    assert [procedure_of(found.record, part) for part in ("val", "test")] == [TTA, TTA]
    assert found.val_predictions().num_images == 10
    assert found.test_predictions().num_images == 6


def test_a_record_from_before_says_at_most_that_views_were_merged(run: Path) -> None:
    assert procedure_of(read_run(run).record, "test") == Procedure()
    runs.update_record(run, tta=True)
    record = read_run(run).record
    assert procedure_of(record, "test") == Procedure(tta=True)
    assert procedure_of(record, "val") == Procedure()


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda a: gate_runs([str(a)], [str(a.with_name("b"))]), id="gate"),
        pytest.param(lambda a: read_inputs([f"{a}.json", f"{a.with_name('b')}.json"]), id="fuse"),
    ],
)
def test_val_and_test_predicted_differently_are_refused(run: Path, read) -> None:
    record_predictions(run, val=Procedure(), test=TTA)
    message = r"val.json was made with no options and a.json with --tta --score-thr 0.1; run tools"
    with pytest.raises(PodiumError, match=message):
        read(run)
    record_predictions(run, val=TTA, test=TTA)
    assert read(run) is not None


def test_a_file_that_is_not_the_recorded_one_is_refused(run: Path) -> None:
    record_predictions(run, val=Procedure(), test=Procedure())
    test_file = run.with_name("a.json")
    (run / "val.json").write_bytes(test_file.read_bytes())
    found = read_run(run)
    assert found.test_predictions().num_images == 6
    with pytest.raises(PodiumError, match=r"val.json must be what .*run.json records"):
        found.val_predictions()
    test_file.write_text("[]")
    with pytest.raises(PodiumError, match=r"a.json must be what .*run.json records"):
        found.test_predictions()


def test_another_procedure_is_another_model_to_recipes_and_another_setting(run: Path) -> None:
    (run / "config.py").write_text("model = dict(depth=18)\n")
    plain = read_run(run)
    identity, setting = plain.identity, setting_of(plain)
    assert identity == "0" * 64
    record_predictions(run, val=TTA, test=TTA)
    changed = read_run(run)
    assert changed.identity not in (identity, read_run(run.with_name("b")).identity)
    assert setting_of(changed) != setting
    record_predictions(run, val=Procedure(), test=Procedure())
    assert (read_run(run).identity, setting_of(read_run(run))) == (identity, setting)


def test_the_gate_says_where_the_sides_were_predicted_differently(run: Path) -> None:
    record_predictions(run, val=TTA, test=TTA)
    verdict = gate_runs([str(run)], [str(run.with_name("b"))])
    (note,) = [note for note in verdict.notes if "tools/test.py" in note]
    assert "--tta --score-thr 0.1" in note
    assert "no options" in note


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param({"score_thr": 1.0}, "--score-thr must be 0 to below 1", id="score"),
        pytest.param({"max_per_img": 0}, "--max-per-img must be at least 1, but is 0", id="count"),
        pytest.param({"batch_size": -2}, "--batch-size must be at least 1, but is -2", id="batch"),
    ],
)
def test_values_that_cannot_be_are_refused(values: dict, message: str) -> None:
    with pytest.raises(PodiumError, match=message):
        Procedure(**values)
