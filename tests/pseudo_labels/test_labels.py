"""Labels of images become pseudo-labels by the same command."""

from __future__ import annotations

from pathlib import Path

import pytest

from custom.files import read_json
from custom.testing.label_runs import make_label_run, make_label_split
from custom.thresholds.precise import precise_thresholds
from tests.evaluation.cases import make_gt, make_predictions
from tools import pseudo_label


def test_a_region_does_not_take_its_neighbours_label() -> None:
    # IoU .81: the negative of the higher score is wrong, the positive behind it right.
    gt = make_gt([(0, 0, 0, 0, 100, 100)])
    found = make_predictions([(0, 0, 0.9, 0, 0, 90, 90), (0, 0, 0.8, 0, 0, 100, 100)])
    (as_label,) = precise_thresholds(gt, found, 0.5, 1, 0.99, "equal")
    (as_box,) = precise_thresholds(gt, found, 0.5, 1)
    assert (as_label.score_thr, as_label.recall) == (0.8, 1.0)
    assert (as_box.score_thr, as_box.recall) == (0.8, 1.0)
    assert precise_thresholds(gt, found, 0.9, 1, 0.99, "equal")[0].score_thr is None
    assert precise_thresholds(gt, found, 0.9, 1)[0].score_thr == 0.9


def test_labels_of_images_are_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_label_split(tmp_path / "data", "image", num_videos=60)
    make_label_run(tmp_path / "data", tmp_path / "runs" / "x", "image")
    argv = ["--from", "runs/x.json", "--images", "data/test.json", "--train", "data/train.json"]
    assert pseudo_label.main([*argv, "--precision", "0.9", "--out", "joined.json"]) == 0
    before, joined = read_json("data/train.json"), read_json("joined.json")
    added = len(joined["annotations"]) - len(before["annotations"])
    thresholds = joined["info"]["pseudo_labels"]["thresholds"]
    assert added == joined["info"]["pseudo_labels"]["boxes"] > 10
    assert all(each["precision"] >= 0.9 for each in thresholds)
