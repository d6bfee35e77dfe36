"""A run on all folds: its siblings stand in for it, and what needs a fold refuses it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from custom.ensemble.choosing import search_recipe
from custom.ensemble.inputs import read_inputs
from custom.errors import PodiumError
from custom.files import write_text
from custom.gate.runs import gate_runs
from custom.pseudo_labels.provenance import evaluating_fold
from custom.review.inputs import Request, read_review
from custom.runs import Procedure, predictions_entry, read_run, siblings_of, update_record
from custom.runs.record import read_record, write_record
from custom.runs.table import filter_rows, make_rows, sort_rows
from custom.testing.toy_runs import make_toy_run, make_toy_split
from tools.ensemble import main as ensemble_main


def make_run(data: Path, name: str, fold: int | None, lr: float = 0.1, **values) -> str:
    """Write a run on a fold, or on all of them; return its test predictions."""
    folder = data / "runs" / name
    path = str(make_toy_run(data, folder, fold=fold or 0, **values))
    dataset = f"dict(split={'None' if fold is None else repr('toy')}, fold={fold})"
    text = f"train_dataloader = dict(dataset={dataset})\noptim_wrapper = dict(lr={lr})\n"
    write_text(folder / "config.py", text)
    if fold is None:
        (folder / "val.json").unlink()
        record = read_record(folder)
        data_left = {part: entry for part, entry in record.data.items() if part != "val"}
        write_record(folder, replace(record, fold=None, data=data_left, metrics={}))
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_toy_split(tmp_path)
    return tmp_path


def sibling_names(data: Path) -> list[str]:
    runs = [read_run(path) for path in sorted((data / "runs").glob("*/"))]
    return [run.name for run in siblings_of(read_run(data / "runs" / "full"), runs)]


def test_siblings_are_of_one_config_seed_and_split_one_a_fold(data: Path) -> None:
    make_run(data, "full", None)
    make_run(data, "a", 0)
    make_run(data, "b", 1)
    make_run(data, "b_again", 1)
    make_run(data, "other_lr", 2, lr=0.2)
    make_run(data, "other_seed", 2, seed=43)
    make_run(data, "other_config", 2, config="else.py")
    assert sibling_names(data) == ["a", "b"]
    make_run(data, "c", 2)
    assert sibling_names(data) == ["a", "b", "c"]


def test_siblings_beside_it_are_scored_in_its_place(data: Path, capsys) -> None:
    full = make_run(data, "full", None)
    folds = [make_run(data, name, fold) for fold, name in enumerate("abc")]
    alone, given = read_inputs([full]), read_inputs(folds)
    assert alone.names == ("full",)
    assert (alone.val.names, alone.val.digests) == (given.val.names, given.val.digests)
    assert alone.val.gt.images.ids.tolist() == list(range(30))
    assert np.array_equal(alone.val.models[0].scores, given.val.models[0].scores)
    # Given with its siblings, the four files are one model, whose weight is the mean of theirs.
    both = read_inputs([*folds, full])
    assert both.val.model_of_file == (0, 0, 0, 0)
    assert both.val.weights((1.0, 1.0, 1.0, 3.0)) == (1.5,)
    assert ensemble_main([full, "--out", str(data / "out")]) == 0
    assert (
        "full was trained on all images; a, b, c is scored in its place" in capsys.readouterr().out
    )


def test_without_siblings_nothing_is_scored_and_that_is_said(data: Path, capsys) -> None:
    full, other = make_run(data, "full", None), make_run(data, "x", 0, config="else.py")
    assert ensemble_main([full, other, "--out", str(data / "out")]) == 0
    printed = capsys.readouterr().out
    assert "WARNING: not scored, since full was trained on all images and no sibling" in printed
    inputs = read_inputs([full, other])
    assert inputs.val is None
    with pytest.raises(PodiumError, match=r"--search needs .* full was trained on all images"):
        search_recipe(inputs, None, None)


def test_siblings_predicted_otherwise_are_refused(data: Path) -> None:
    full = make_run(data, "full", None)
    make_run(data, "a", 0)
    entry = predictions_entry(full, Procedure(tta=True))
    update_record(data / "runs" / "full", predictions={"test": entry})
    message = "full must be predicted as a, .* but was with --tta, and a with no options"
    with pytest.raises(PodiumError, match=message):
        read_inputs([full])


@pytest.mark.parametrize(
    "evaluate",
    [
        pytest.param(lambda full, a: gate_runs([full], [a]), id="gate"),
        pytest.param(lambda full, a: gate_runs([a], [full]), id="gate-baseline"),
        pytest.param(lambda full, a: read_review(Request(runs=[full])), id="review"),
        pytest.param(lambda full, a: read_review(Request(runs=[a, full])), id="review-two"),
    ],
)
def test_what_needs_a_fold_refuses_with_the_reason(data: Path, evaluate) -> None:
    make_run(data, "full", None)
    make_run(data, "a", 0)
    message = "full must have a fold that it has not seen .* trained on all images"
    with pytest.raises(PodiumError, match=message):
        evaluate(str(data / "runs" / "full"), str(data / "runs" / "a"))


def test_its_pseudo_labels_can_be_evaluated_by_no_fold(data: Path) -> None:
    make_run(data, "full", None)
    with pytest.raises(PodiumError, match=r"full \(trained on all\).*--unjudged"):
        evaluating_fold([read_run(data / "runs" / "full")], 0)


def test_the_table_shows_it_without_a_score(data: Path) -> None:
    make_run(data, "full", None)
    make_run(data, "a", 0)
    rows = make_rows([read_run(data / "runs" / name) for name in ("full", "a")], None, True)
    assert [(row.run, row.fold) for row in sort_rows(rows, "fold")] == [("a", 0), ("full", None)]
    assert [row.run for row in filter_rows(rows, ["fold=0"])] == ["a"]
    assert np.isnan(rows[0].value)
