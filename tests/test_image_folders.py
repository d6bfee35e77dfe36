"""Where the images of an annotation file lie, in the layouts that there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from custom.errors import PodiumError
from custom.image_folders import (
    dataset_folder,
    find_images_folder,
    images_folder_of,
    part_of,
    part_of_file,
)
from custom.tables.coco import read_ground_truth
from custom.testing.toy_layouts import LAYOUTS, make_layout


@pytest.mark.parametrize("kind", LAYOUTS)
def test_the_images_of_each_layout_are_found(tmp_path: Path, kind: str) -> None:
    for part, (ann_file, images) in make_layout(kind, tmp_path / "data").items():
        names = read_ground_truth(ann_file).images.file_names
        assert find_images_folder(ann_file, names) == images
        assert dataset_folder(ann_file) == tmp_path / "data"
        assert part_of_file(ann_file) == ("" if kind == "cvat" else part)


def test_images_in_two_folders_that_fit_alike_are_asked_for(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.jpg").write_bytes(b"x")
    with pytest.raises(PodiumError, match=r"may be those of .*one, .*two; name the folder .*--im"):
        find_images_folder(tmp_path / "labels.json", ["a.jpg"])
    assert find_images_folder(tmp_path / "two.json", ["a.jpg"]) == tmp_path / "two"
    assert find_images_folder(tmp_path / "two.json", ["b.jpg"]) is None


def test_most_images_decide_where_some_are_lost(tmp_path: Path) -> None:
    for folder, names in (("train", "abc"), ("other", "a")):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_bytes(b"x")
    assert find_images_folder(tmp_path / "x.json", ["a", "b", "c", "d"]) == tmp_path / "train"


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("instances_train2017", "train"),
        ("valid", "val"),
        ("VALIDATION-set", "val"),
        ("image_info_test-dev2017", ""),
        ("constraint", ""),
        ("train_val", ""),
    ],
)
def test_a_part_is_told_by_whole_words(name: str, part: str) -> None:
    assert part_of(name) == part


def test_a_data_set_may_have_a_part_s_word_in_its_name(tmp_path: Path) -> None:
    ann_file = tmp_path / "cats-for-training" / "labels.json"
    assert dataset_folder(ann_file) == ann_file.parent
    assert part_of_file(ann_file) == ""
    assert dataset_folder(tmp_path / "cats" / "train2017" / "x.json") == tmp_path / "cats"


def test_val_images_lie_where_train_images_do() -> None:
    facts = {"data_root": "data/x", "train_images": "train", "test_images": "/disk/test"}
    folders = [images_folder_of(facts, part).as_posix() for part in ("train", "val", "test")]
    assert folders == ["data/x/train", "data/x/train", "/disk/test"]
    assert images_folder_of({**facts, "val_images": "val"}, "val") == Path("data/x/val")
    assert images_folder_of({"data_root": "data/x"}, "test") == Path("data/x")
