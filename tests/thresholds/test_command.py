"""`tools/thresholds.py` on runs, and what uses the thresholds that it keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from custom.errors import PodiumError
from custom.files import read_json
from custom.runs import read_run, update_record
from custom.tables.coco import read_ground_truth, read_results, write_results
from custom.testing.label_runs import make_label_run, make_label_split, scored
from custom.testing.toy_runs import make_toy_run, make_toy_split
from custom.thresholds.applying import kept_thresholds
from tools import submit, thresholds


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def images(folder: Path) -> Path:
    make_label_split(folder / "data", "image", num_videos=90)
    for fold in range(3):
        make_label_run(folder / "data", folder / "runs" / f"x_fold{fold}", "image", fold)
    return folder


def test_thresholds_of_folds_are_kept_in_each(images: Path, capsys) -> None:
    assert thresholds.main(["runs/x_fold*", "--precision", ".9"]) == 0
    printed = capsys.readouterr().out
    assert "precision 0.9, on 540 images in 90 groups, out of fold of x_fold0, x_fold1" in printed
    kept = [read_run(f"runs/x_fold{fold}").record for fold in range(3)]
    assert kept[0].thresholds.keys() == {"open", "close"}
    assert kept[0].thresholds == kept[1].thresholds == kept[2].thresholds
    choice = kept[0].threshold_choice
    assert (choice.goal, choice.refused) == ("precision 0.9", {})
    assert choice.low["open"] < choice.expected["open"] <= choice.high["open"]
    assert choice.expected["open"] >= 0.9


def test_the_table_at_thresholds_changes_nothing(images: Path, capsys) -> None:
    before = (images / "runs/x_fold0/run.json").read_bytes()
    assert thresholds.main(["runs/x_fold0", "--at", "0", "0.5", "1"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    rows = {line[1]: line[2:] for line in lines if line and line[0] == "open"}
    tp, fp, fn, tn = map(int, rows["0"][3:])
    assert (fn, tn) == (0, 0)
    assert rows["1"][5:] == [str(tp), str(fp)]
    assert (images / "runs/x_fold0/run.json").read_bytes() == before


def test_a_class_that_is_refused_keeps_no_old_threshold(images: Path, capsys) -> None:
    thresholds.main(["runs/x_fold0", "--precision", ".8"])
    run = read_run("runs/x_fold0")
    assert set(run.record.thresholds) == {"open", "close"}
    assert thresholds.main(["runs/x_fold0", "--precision", ".999"]) == 1
    assert "refused" in capsys.readouterr().out
    run = read_run("runs/x_fold0")
    assert run.record.thresholds == {}
    with pytest.raises(PodiumError, match=r"must have a threshold, but open, close had none"):
        kept_thresholds(run, run.val_ground_truth.categories)


def test_thresholds_of_other_predictions_are_refused(images: Path) -> None:
    thresholds.main(["runs/x_fold0", "--precision", ".8"])
    run = read_run("runs/x_fold0")
    gt = run.val_ground_truth
    assert kept_thresholds(run, gt.categories) == run.record.thresholds
    write_results(run.folder / "val.json", scored(gt, "image", 0.7, 9), gt.categories)
    with pytest.raises(PodiumError, match=r"val.json was predicted again since"):
        kept_thresholds(read_run("runs/x_fold0"), gt.categories)


def test_two_runs_of_a_fold_are_two_models(images: Path) -> None:
    make_label_run(images / "data", images / "runs" / "y", "image", 0)
    with pytest.raises(PodiumError, match="x_fold0 and y are both of fold 0"):
        thresholds.main(["runs/x_fold0", "runs/y", "--f1"])


def test_a_submission_is_cut_at_the_thresholds_where_asked(images: Path, capsys) -> None:
    thresholds.main(["runs/x_fold0", "--precision", ".8"])
    kept = read_run("runs/x_fold0").record.thresholds
    options = ["--format", "coco", "--metric", "ranking_AP", "--out"]
    assert submit.main(["runs/x_fold0.json", *options, "all.json"]) == 0
    assert submit.main(["runs/x_fold0.json", "--thresholds", *options, "cut.json"]) == 0
    assert "below the thresholds of their classes (precision 0.8)" in capsys.readouterr().out
    test = read_ground_truth("data/test.json")
    tables = [read_results(name, test.images, test.categories) for name in ("all.json", "cut.json")]
    expected = sum(
        score >= kept[test.categories.names[label]]
        for score, label in zip(tables[0].scores, tables[0].labels, strict=True)
    )
    assert 0 < tables[1].num_boxes == expected < tables[0].num_boxes


def test_thresholds_and_one_threshold_exclude_each_other(images: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        submit.main(["runs/x_fold0.json", "--thresholds", "--score-thr", ".5"])
    assert ended.value.code == 2
    with pytest.raises(PodiumError, match=r"x_fold0 must have thresholds by class"):
        submit.main(["runs/x_fold0.json", "--thresholds", "--format", "coco"])
    assert not (images / "submissions").exists()


def test_detectors_are_matched_at_the_metrics_iou(folder: Path, capsys) -> None:
    make_toy_split(folder / "data", num_images=60)
    make_toy_run(folder / "data", folder / "runs" / "d")
    tables = []
    for metric, iou in (("AP75", "0.75"), ("AP50", "0.5")):
        update_record("runs/d", metric=metric)
        thresholds.main(["runs/d", "--at", "0"])
        first, *rest = capsys.readouterr().out.splitlines()
        assert first.endswith(f"boxes matched at IoU {iou}")
        tables.append(rest)
    assert tables[0] != tables[1]
    assert tables[1][-1].endswith("-")  # no true negatives
    assert thresholds.main(["runs/d", "--precision", ".2"]) in (0, 1)


def test_bad_input_writes_nothing(images: Path) -> None:
    before = read_json("runs/x_fold0/run.json")
    for argv in (["--precision", "2"], ["--cost", "FP"], ["--at", "-1"]):
        with pytest.raises(PodiumError):
            thresholds.main(["runs/x_fold0", *argv])
    assert read_json("runs/x_fold0/run.json") == before
