"""Planted wrong labels of images and regions come first among the suspects."""

from __future__ import annotations

from pathlib import Path

import pytest

from custom.files import read_json, write_json
from custom.labels.of_items import find_label_suspects
from custom.splits import make_split, seal
from custom.tables.coco import read_ground_truth, write_results
from custom.testing.label_runs import make_label_annotations, make_label_run, scored
from tests.evaluation.cases import make_gt, make_predictions
from tools import labels

IMAGE = (0, 0, 1000, 1000)


def test_independent_heads_by_hand() -> None:
    # Image 0 has class 0 by the annotation, image 1 none, of image 2 class 0 is unknown.
    gt = make_gt([(0, 0, *IMAGE), (2, 0, *IMAGE)], 3, 2, crowds=[False, True])
    scores = {(0, 0): 0.3, (0, 1): 0.8, (1, 0): 0.6, (1, 1): 0.01, (2, 0): 0.9, (2, 1): 0.04}
    found = make_predictions([(i, c, s, *IMAGE) for (i, c), s in scores.items()], 3)
    suspects = find_label_suspects(gt, found)
    assert [(s.kind, round(s.score, 9), s.image, s.row, s.label) for s in suspects] == [
        ("missing", 0.8, 0, None, 1), ("extra", 0.7, 0, 0, 0), ("missing", 0.6, 1, None, 0),
    ]  # fmt: skip


def test_exclusive_classes_by_hand() -> None:
    gt = make_gt([(0, 0, *IMAGE), (1, 1, *IMAGE)], 2, 2)
    rows = [(0, 0, 0.2), (0, 1, 0.7), (1, 0, 0.4), (1, 1, 0.6)]
    suspects = find_label_suspects(gt, make_predictions([(*row, *IMAGE) for row in rows], 2))
    # .7 x (1 - .2), then .4 x (1 - .6).
    assert [(s.kind, round(s.score, 9), s.row, s.label) for s in suspects] == [
        ("class", 0.56, 0, 1), ("class", 0.16, 1, 0),
    ]  # fmt: skip


@pytest.mark.parametrize("task", ["image", "region"])
def test_planted_errors_are_found_by_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    path = make_label_annotations(tmp_path / "data" / "train.json", task, 30, seed=0)
    make_label_annotations(tmp_path / "data" / "test.json", task, 5, seed=1)
    true = read_ground_truth(path)
    content = read_json(path)
    # Every twelfth known label is of the other class.
    planted = [a for a in content["annotations"] if not a["iscrowd"]][::12]
    if task == "image":  # where the other class is there too, it would stand twice
        taken = {(a["image_id"], a["category_id"]) for a in content["annotations"]}
        planted = [a for a in planted if (a["image_id"], 1 - a["category_id"]) not in taken]
    for annotation in planted:
        annotation["category_id"] = 1 - annotation["category_id"]
    write_json(path, content)
    split = make_split(read_ground_truth(path), 2, seed=42, group_by="video_id")
    sealed = seal(split, tmp_path / "data" / "splits" / "toy")
    for fold in range(2):
        make_label_run(tmp_path / "data", Path("runs") / f"x{fold}", task, fold, noise=0.5)
        gt = true.take_ids(sealed.val_ids(fold))
        found = scored(gt, task, 0.5, fold)
        write_results(Path("runs") / f"x{fold}" / "val.json", found, gt.categories)
    labels.main(["find", "--runs", "runs/x*", "--out", "suspects.json"])
    suspects = read_json("suspects.json")["suspects"]
    wrong = {a["id"] for a in planted}
    first = suspects[: len(wrong)]
    wrong_images = {a["image_id"] for a in planted}
    hits = [s["annotation_id"] in wrong or s["image_id"] in wrong_images for s in first]
    assert len(wrong) > 5
    assert sum(hits) >= 0.8 * len(first)
    assert ("extra" in capsys.readouterr().out) == (task == "image")
