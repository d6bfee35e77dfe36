"""Detectors corrected by synthetic classifiers: of images, and of each box."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from custom import runs
from custom.errors import PodiumError
from custom.files import read_json, write_json
from custom.rescoring.methods import METHODS, rescored
from custom.rescoring.opinions import heads_of
from custom.runs import read_run
from custom.tables import Categories, GroundTruth, Predictions
from custom.tables.coco import read_ground_truth, write_results
from custom.testing.toy_runs import TOY_CLASSES, make_toy_run, make_toy_split
from tools import rescore

WHOLE = [0.0, 0.0, 100.0, 100.0]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A detector that also sees every class everywhere, as confidently."""
    monkeypatch.chdir(tmp_path)
    make_toy_split(tmp_path / "data", num_images=120)
    make_toy_run(tmp_path / "data", tmp_path / "runs" / "det")
    test = read_ground_truth("data/test_boxes.json")
    for gt, path in ((read_run("runs/det").val_ground_truth, "runs/det/val.json"),
                     (test, "runs/det.json")):  # fmt: skip
        write_results(path, detections(gt), gt.categories)
    return tmp_path


def detections(gt: GroundTruth) -> Predictions:
    rng = np.random.default_rng(0)
    count = len(gt.images)
    false = np.tile([2.0, 2.0, 9.0, 9.0], (count * 3, 1))
    return Predictions.from_rows(
        gt.images.ids,
        np.concatenate([gt.image_index, np.repeat(np.arange(count), 3)]),
        np.concatenate([gt.bboxes, false]),
        rng.uniform(0.2, 1.0, gt.num_boxes + 3 * count),
        np.concatenate([gt.labels, np.tile([0, 1, 2], count)]),
    )


def classifier(name: str, task: str, good: bool = True, noise: float = 0.05) -> None:
    """Write a run that knows which classes are on an image, or which boxes are false."""
    det = read_run("runs/det")
    rng = np.random.default_rng(1)

    def table(gt: GroundTruth, boxes: Predictions) -> Predictions:
        count = len(gt.images)
        if task == "image":
            there = np.zeros((count, 3))
            there[gt.image_index, gt.labels] = 1
            index, bboxes = np.repeat(np.arange(count), 3), np.tile(WHOLE, (3 * count, 1))
            labels, truth = np.tile([0, 1, 2], count), there.ravel()
        else:
            index, bboxes, labels = boxes.image_index, boxes.bboxes, boxes.labels
            truth = (bboxes[:, 2] != 9.0).astype(float)
        scores = np.clip(np.abs(truth - noise * rng.uniform(0, 2, len(truth))), 0, 1)
        scores = scores if good else 1 - scores
        return Predictions.from_rows(gt.images.ids, index, bboxes, scores, labels)

    folder = Path("runs") / name
    val, test = det.val_ground_truth, read_ground_truth("data/test_boxes.json")
    write_results(folder / "val.json", table(val, det.val_predictions()), val.categories)
    boxes = det.test_predictions()
    write_results(folder.with_name(f"{name}.json"), table(test, boxes), test.categories)
    record = {"name": name, "task": task, "metric": "ranking_AP", "config": f"{name}.py"}
    runs.write_record(folder, runs.RunRecord(
        split=det.record.split, fold=0, data=det.record.data, metrics={}, **record
    ))  # fmt: skip


@pytest.mark.parametrize("task", ["image", "region"])
@pytest.mark.parametrize("how", list(METHODS))
def test_a_good_classifier_helps(folder: Path, capsys, task: str, how: str) -> None:
    classifier("cls", task)
    assert rescore.main(["runs/det", "--with", "runs/cls", "--how", how]) == 0
    printed = capsys.readouterr().out
    assert "cross-validated" in printed
    made, old = read_run("runs/det_rescored"), read_run("runs/det")
    assert made.record.value() > 0.03 + float(printed.split("AP50 ")[1].split()[0])
    assert made.record.verdict.decision == "accept"
    assert {source.run for source in made.record.made_from} == {"det", "cls"}
    test, before = made.test_predictions(), old.test_predictions()
    assert (test.num_boxes < before.num_boxes) == (how == "filter")
    # False boxes lost more of their scores than true ones.
    if how != "filter":
        change = test.scores - before.scores
        is_false = before.bboxes[:, 2] == 9.0
        assert change[is_false].mean() < change[~is_false].mean() - 0.1


def test_a_classifier_that_is_wrong_is_given_no_weight(folder: Path, capsys) -> None:
    classifier("cls", "image", good=False)
    assert rescore.main(["runs/det", "--with", "runs/cls"]) != 0
    assert "exponent 0\n" in capsys.readouterr().out
    made, old = read_run("runs/det_rescored"), read_run("runs/det")
    np.testing.assert_array_equal(made.test_predictions().scores, old.test_predictions().scores)


def test_methods_by_hand() -> None:
    table = Predictions.from_rows([7], [0, 0, 0], [WHOLE] * 3, [0.8, 0.6, 0.4], [0, 0, 1])
    opinions = np.array([0.5, 0.1, np.nan])

    def scores(how: str, number: float) -> list[float]:
        found = rescored(table, opinions, METHODS[how], np.full(3, number))
        return found.scores.round(12).tolist()

    assert scores("multiply", 2) == [0.2, 0.006, 0.4]
    assert scores("blend", 0.5) == [0.65, 0.35, 0.4]
    assert scores("filter", 0.3) == [0.8, 0.4]
    for how, method in METHODS.items():
        assert scores(how, method.tried[0]) == [0.8, 0.6, 0.4]


@pytest.mark.parametrize(
    ("heads", "expected"),
    [
        pytest.param(["bag", "can", "box"], [1, 0, 2], id="by name"),
        pytest.param(["has_Box", "has_can"], [1, -1, 0], id="has_"),
        pytest.param(["anything"], [0, 0, 0], id="one for all"),
    ],
)
def test_heads(heads, expected) -> None:
    found = heads_of(Categories.from_names(TOY_CLASSES), Categories.from_names(heads))
    assert found.tolist() == expected
    with pytest.raises(PodiumError, match=r"can, bag, box.*but has x, y"):
        heads_of(Categories.from_names(TOY_CLASSES), Categories.from_names(["x", "y"]))


def test_what_the_classifier_must_have_looked_at(folder: Path) -> None:
    classifier("cls", "region")
    classifier("img", "image")
    before = sorted(path.name for path in Path("runs").iterdir())
    kept = read_json("runs/cls/val.json")
    write_json("runs/cls/val.json", [r for r in kept if r["image_id"] != kept[0]["image_id"]])
    for argv, message in (
        (["--with", "runs/cls"], "must have predicted every box of runs/det/val.json"),
        (["--with", "runs/det"], "but det is of task detection"),
        (["--with", "runs/cls", "runs/img"], "runs of one classifier"),
        (["--with", "runs/img", "--how", "add"], "--how must be one of multiply, blend, filter"),
        (["--with", "runs/img", "--out", "img", "--overwrite"], "runs/img must be free"),
    ):
        with pytest.raises(PodiumError, match=message):
            rescore.main(["runs/det", *argv])
    kept = read_json("runs/img/val.json")
    write_json("runs/img/val.json", [r for r in kept if r["image_id"] != kept[0]["image_id"]])
    with pytest.raises(PodiumError, match=r"must have predicted every image of runs/det/val.json"):
        rescore.main(["runs/det", "--with", "runs/img"])
    assert sorted(path.name for path in Path("runs").iterdir()) == before
