"""An organiser's own val set is the one fold, whatever its ids and file names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.files import read_json, write_json
from custom.splits import assert_no_leak, changed_val_images, read_split, select_part
from custom.splits.check import check_split, find_annotations
from custom.splits.two_files import join_files
from custom.tables.coco import read_ground_truth
from custom.testing.toy_layouts import make_layout
from custom.testing.toy_splits import coco, random_boxes, scene
from tools.split import main

Made = dict[str, tuple[Path, Path]]


@pytest.fixture(autouse=True)
def in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=["roboflow", "flat"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Made:
    parts = make_layout(request.param, tmp_path / "data" / "set")
    # Pictures that do not look alike, as the toy's noise does.
    for seed, path in enumerate(sorted((tmp_path / "data" / "set").rglob("*.png"))):
        scene(seed, 64).save(path)
    return parts


def sealed(made: Made, *options: str) -> str:
    argv = [str(made["train"][0]), "--val", str(made["val"][0]), "--workers", "1", *options]
    assert main(argv) == 0
    return "data/set/splits/own-val"


def test_the_val_file_is_the_fold_and_the_train_file_is_trained_on(made: Made) -> None:
    split = read_split(sealed(made))
    train, val = (read_ground_truth(made[part][0]) for part in ("train", "val"))
    assert (split.num_folds, len(split.images)) == (1, 12 + 6)
    # Ids of the val file stay; those of the train file begin after them.
    assert split.val_ids(0).tolist() == val.images.ids.tolist() == list(range(6))
    assert split.train_ids(0).tolist() == list(range(6, 18))
    assert select_part(split, 0, "train", train.images).tolist() == list(range(12))
    assert select_part(split, 0, "val", val.images).tolist() == list(range(6))
    assert_no_leak(split, 0, train.images.file_names)
    with pytest.raises(PodiumError, match=r"lacks .* competition\.val_ann"):
        select_part(split, 0, "val", train.images.take(range(3)))
    assert find_annotations(split, "val") == made["val"][0]


def test_nothing_has_changed_until_something_does(made: Made) -> None:
    folder = Path(sealed(made))
    assert check_split(folder) == []
    ann_file, images = made["val"]
    content = read_json(ann_file)
    box = content["annotations"][0]["bbox"]
    box[2] -= 1
    write_json(ann_file, content)
    name = content["images"][content["annotations"][0]["image_id"]]["file_name"]
    (images / read_json(made["val"][0])["images"][3]["file_name"]).unlink()
    said = "\n".join(map(str, check_split(folder)))
    assert "val images of fold 0 have other boxes" in said
    assert f"image files are missing in {images}" in said
    (changed,) = changed_val_images(read_split(folder), 0, read_ground_truth(ann_file))
    assert changed.endswith(name)


def test_a_copy_of_a_val_image_among_the_train_images_is_told(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [
        made[part][1] / read_json(made[part][0])["images"][index]["file_name"]
        for part, index in (("train", 7), ("val", 2))
    ]
    names[0].write_bytes(names[1].read_bytes())
    sealed(made)
    said = " ".join(capsys.readouterr().out.split())
    assert "fold 0 leaks: 1 groups of related or near-duplicate images" in said
    assert "images are val images of no fold" not in said


def test_a_split_is_completed_once_its_images_are_there(made: Made, tmp_path: Path) -> None:
    away = {part: tmp_path / f"away-{part}" for part in ("train", "val")}
    annotations = {part: made[part][0].read_bytes() for part in away}
    for part, folder in away.items():
        if made[part][1].exists():
            made[part][1].rename(folder)
        made[part][0].parent.mkdir(exist_ok=True)
        made[part][0].write_bytes(annotations[part])
    (tmp_path / "data/set/images").mkdir(exist_ok=True)
    first = read_split(sealed(made))
    assert not any(first.contents)
    for part, folder in away.items():
        for image in folder.iterdir() if folder.exists() else ():
            image.rename(made[part][1] / image.name)
    again = read_split(sealed(made))
    assert again.hash == first.hash
    assert all(again.contents)


def test_groups_reach_across_the_two_files(write_coco: Callable[..., Path]) -> None:
    train = write_coco(coco(4, random_boxes(4), names=["a_1.jpg", "a_2.jpg", "b_1.jpg", "c_1.jpg"]))
    val = write_coco(coco(2, random_boxes(2), names=["b_2.jpg", "d_1.jpg"]), "val.json")
    two = join_files(read_ground_truth(train), read_ground_truth(val))
    assert two.keys("^(.)_") == ["a", "a", "b", "c", "b", "d"]
    assert not two.by_part
    assert two.gt.images.file_names == ("a_1.jpg", "a_2.jpg", "b_1.jpg", "c_1.jpg", "b_2.jpg",
                                        "d_1.jpg")  # fmt: skip


def test_boxes_stay_with_their_images(write_coco: Callable[..., Path]) -> None:
    train = read_ground_truth(write_coco(coco(5, random_boxes(5, 1))))
    val = read_ground_truth(write_coco(coco(3, random_boxes(3, 2)), "val.json"))
    two = join_files(train, val)
    assert two.by_part
    assert two.gt.images.file_names[4:6] == ("train/train/0004.jpg", "val/train/0000.jpg")
    back = two.gt.take(two.val_positions)
    assert np.array_equal(back.bboxes, val.bboxes)
    assert np.array_equal(back.labels, val.labels)
    assert len(set(two.gt.images.ids.tolist())) == 8


def test_other_classes_are_refused(write_coco: Callable[..., Path]) -> None:
    train = write_coco(coco(3, random_boxes(3)))
    val = write_coco(coco(3, random_boxes(3), ("cup", "can")), "val.json")
    with pytest.raises(PodiumError, match=r"val\.json must have the classes .*'can', 'cup'.*but"):
        main([str(train), "--val", str(val)])
    with pytest.raises(PodiumError, match="give one of the two"):
        main([str(train), "--val", str(train), "--from", "ids.json"])
