"""A run finds its predictions and what judges it, and refuses what has changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from custom.errors import PodiumError
from custom.runs import KeptVerdict, check_same_split, code_state, read_run, update_record
from custom.testing.toy_runs import (
    edit_record,
    make_toy_annotations,
    make_toy_run,
    make_toy_split,
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_toy_split(tmp_path / "data")
    return tmp_path / "data"


def test_a_run_is_found_from_its_folder_its_record_and_its_predictions(data: Path) -> None:
    for name in ("a", "lr0.01"):
        test_file = make_toy_run(data, data / "runs" / name)
        for path in (data / "runs" / name, data / "runs" / name / "run.json", test_file):
            assert read_run(path).name == name
            assert read_run(path).test_file == test_file


def test_val_predictions_cover_the_fold_and_nothing_else(data: Path) -> None:
    run = read_run(make_toy_run(data, data / "runs" / "a", fold=1))
    assert run.val_predictions().image_ids.tolist() == run.split.val_ids(1).tolist()
    assert run.val_ground_truth.images.ids.tolist() == run.split.val_ids(1).tolist()
    assert run.test_predictions().num_images == 6


def test_changed_annotations_are_refused(data: Path) -> None:
    run = read_run(make_toy_run(data, data / "runs" / "a"))
    make_toy_annotations(data / "train.json", 30, seed=9)
    with pytest.raises(PodiumError, match=r"train\.json must be the file .* content has changed"):
        run.val_predictions()


def test_a_record_of_another_split_is_refused(data: Path) -> None:
    make_toy_run(data, data / "runs" / "a")
    edit_record(data / "runs" / "a", split={"path": str(data / "splits/toy"), "hash": "f" * 64})
    with pytest.raises(PodiumError, match="must belong to the split"):
        _ = read_run(data / "runs" / "a").split
    runs = [read_run(data / "runs" / "a"), read_run(make_toy_run(data, data / "runs" / "b"))]
    with pytest.raises(PodiumError, match="a was on ffffffffffff and b on"):
        check_same_split(runs)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "must have the key 'name'; was it cut short"),
        ("[]", r"must be an object, but is \[\]"),
    ],
)
def test_a_cut_record_is_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(PodiumError, match=r"there is no .*run\.json"):
        read_run(tmp_path)
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(PodiumError, match=rf"run\.json {message}"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("split", "toy", "split must be an object, but is 'toy'"),
        ("split", {"path": "x"}, "split must have the key 'hash'"),
        ("fold", "0", "fold must be an integer or null, but is '0'"),
        ("fold", True, "fold must be an integer or null, but is True"),
        ("data", None, "data must be an object, but is None"),
        ("data", {"val": "x"}, r"data\.val must be an object, but is 'x'"),
        (
            "data",
            {"x": {"ann_file": "x", "hash": 3}},
            r"data\.x\.hash must be a text, but is 3",
        ),
        ("metrics", {"AP50": {"value": "0.5"}}, r"metrics\.AP50\.value must be a number or null"),
        ("verdict", {"baseline": ["a", 1]}, r"verdict\.baseline\[1\] must be a text, but is 1"),
        ("format", 3, "format must be 1 to 2, but is 3; was it written by a later version"),
    ],
)
def test_a_record_of_another_kind_is_refused(
    data: Path, key: str, value: object, message: str
) -> None:
    make_toy_run(data, data / "runs" / "a")
    edit_record(data / "runs" / "a", **{key: value})
    with pytest.raises(PodiumError, match=rf"run\.json: {message}"):
        read_run(data / "runs" / "a")


def test_updating_keeps_the_rest(data: Path) -> None:
    make_toy_run(data, data / "runs" / "a")
    update_record(data / "runs" / "a", verdict=KeptVerdict("accept"))
    record = json.loads((data / "runs" / "a" / "run.json").read_text())
    assert (record["verdict"], record["name"]) == ({"decision": "accept"}, "a")


def test_code_state_without_a_checkout_is_unknown(tmp_path: Path) -> None:
    assert code_state(tmp_path) == {"revision": None, "dirty": None}
