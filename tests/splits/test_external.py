from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.splits import Evidence, read_labelled, take_external_split
from custom.testing import shared_data
from custom.testing.toy_splits import coco

# Twelve images; the cup is on the first three only.
BOXES = [(i, int(i < 3), 0, 0, 50, 50) for i in range(12)]


def write_folds(folder: Path, folds: list[Any]) -> list[Path]:
    paths = [folder / f"fold{k}.json" for k in range(len(folds))]
    for path, content in zip(paths, folds, strict=True):
        path.write_text(json.dumps(content))
    return paths


@pytest.mark.parametrize("prefix", ["b7cv22_val_fold", "cv04_valid"])
def test_real_folds_are_taken_as_they_are(prefix: str) -> None:
    gt = read_labelled(shared_data("trash-gt/train.json"))
    paths = sorted(shared_data("trash-gt/folds").glob(f"{prefix}_*.json"))
    draft = take_external_split(gt, paths)
    for path, positions in zip(paths, draft.folds, strict=True):
        assert gt.images.ids[positions].tolist() == sorted(json.loads(path.read_text()))
    assert sum(map(len, draft.folds)) == 4883
    assert 0.12 < draft.balance.largest("area") < 0.3


@pytest.mark.parametrize(
    "content",
    [[1, 0], {"ids": [1, 0]}, {"image_ids": [0, 1]}, {"images": [{"id": 0}, {"id": 1}]}],
    ids=["list", "ids", "image_ids", "coco"],
)
def test_formats_of_id_lists(content: Any, write_coco: Callable[..., Path], tmp_path: Path) -> None:
    gt = read_labelled(write_coco(coco(12, BOXES)))
    draft = take_external_split(gt, write_folds(tmp_path, [content]))
    assert draft.folds[0].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param([1, 1], "image ids must be unique, but 1 is listed twice", id="double"),
        pytest.param([99], "but 1 are not, the first is 99", id="unknown"),
        pytest.param([], "but is empty", id="empty"),
        pytest.param(["1"], "must be integers, but one is '1'", id="strings"),
        pytest.param({"folds": []}, "must be a list of image ids", id="another format"),
        pytest.param(3, "must be a list of image ids", id="number"),
    ],
)
def test_bad_id_lists_are_refused(
    content: Any, message: str, write_coco: Callable[..., Path], tmp_path: Path
) -> None:
    gt = read_labelled(write_coco(coco(12, BOXES)))
    with pytest.raises(PodiumError, match=message):
        take_external_split(gt, write_folds(tmp_path, [content]))


def test_issues_of_an_uneven_split_are_named(
    write_coco: Callable[..., Path], tmp_path: Path
) -> None:
    gt = read_labelled(write_coco(coco(12, BOXES)))
    paths = write_folds(tmp_path, [[0, 1, 2, 3], [3, 4, 5, 6]])
    evidence = Evidence(duplicates=[np.array([2, 7])])
    said = "\n".join(take_external_split(gt, paths, evidence=evidence).issues)
    assert "folds overlap: 1 images are val images of more than one fold (train/0003.jpg)" in said
    assert "5 images are val images of no fold" in said
    assert "class cup (3 boxes) is absent from the val images of fold 1" in said
    assert "fold 0 leaks: 1 groups" in said
    assert "train/0002.jpg, train/0007.jpg" in said
    assert "fold 1 leaks" not in said


def test_a_good_split_has_no_issues(write_coco: Callable[..., Path], tmp_path: Path) -> None:
    gt = read_labelled(write_coco(coco(12, BOXES)))
    folds = [[0, 3, 4, 5], [1, 6, 7, 8], [2, 9, 10, 11]]
    evidence = Evidence(duplicates=[np.array([3, 4])])
    assert take_external_split(gt, write_folds(tmp_path, folds), evidence=evidence).issues == []
