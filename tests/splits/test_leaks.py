from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.splits import (
    Evidence,
    Split,
    assert_no_leak,
    make_split,
    read_labelled,
    seal,
    select_part,
)
from custom.splits.digests import content_digest
from custom.splits.names import NameIndex
from custom.tables import Images


@pytest.fixture
def split(write_coco: Callable[..., Path], tmp_path: Path) -> Split:
    return seal(make_split(read_labelled(write_coco()), 4), tmp_path / "s")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("train/1.jpg", [0], id="exact"),
        pytest.param("./train\\1.jpg", [0], id="backslash and dot"),
        pytest.param("/data/train/1.jpg", [0], id="longer"),
        pytest.param("other/1.jpg", [], id="another folder"),
        pytest.param("2.jpg", [1], id="shorter"),
        pytest.param("1.jpg", [0, 2], id="unclear"),
        pytest.param("11.jpg", [], id="end of a name is no folder"),
        pytest.param("train/1.png", [], id="another ending"),
    ],
)
def test_names_that_mean_one_image(name: str, expected: list[int]) -> None:
    index = NameIndex(["train/1.jpg", "train/2.jpg", "test/1.jpg"])
    assert index.matches(name) == expected
    assert index.find(name) == (expected[0] if len(expected) == 1 else None)


def test_the_train_part_does_not_leak(split: Split) -> None:
    for fold in range(4):
        assert_no_leak(split, fold, split.train_file_names(fold))
        assert_no_leak(split, fold, [f"test/{i:04d}.jpg" for i in range(20)])


@pytest.mark.parametrize("form", ["{}", "/upload/{}", "./{}"])
def test_a_val_image_among_the_training_images_is_refused(form: str, split: Split) -> None:
    names = [*split.train_file_names(2), form.format(split.val_file_names(2)[1])]
    with pytest.raises(PodiumError, match=r"must not hold val images of fold 2 .* holds 1, the"):
        assert_no_leak(split, 2, names, source="cleaned.json")


def test_a_val_image_under_another_name_is_found_by_content(
    write_coco: Callable[..., Path], tmp_path: Path
) -> None:
    files = [tmp_path / f"{i}.jpg" for i in range(20)]
    for i, path in enumerate(files):
        path.write_bytes(b"image %d" % i)
    gt = read_labelled(write_coco())
    evidence = Evidence([content_digest(path) for path in files])
    split = seal(make_split(gt, 4, evidence=evidence), tmp_path / "s")
    trained, judged = split.train_positions(0)[0], split.val_positions(0)[0]
    assert_no_leak(split, 0, ["new/a.jpg"], {"new/a.jpg": str(files[trained])})
    with pytest.raises(PodiumError, match=r"the first is new/a\.jpg"):
        assert_no_leak(split, 0, ["new/a.jpg"], {"new/a.jpg": str(files[judged])})


def renumbered(split: Split, extra: int = 0) -> Images:
    """The sealed images with other ids, reversed, without folders, and test images added."""
    names = [name.removeprefix("train/") for name in reversed(split.images.file_names)]
    names += [f"test/{i:04d}.jpg" for i in range(extra)]
    return Images(np.arange(len(names)) + 1000, tuple(names), np.full((len(names), 2), 200), "c")


def test_parts_of_a_renumbered_pseudo_labelled_file(split: Split) -> None:
    images = renumbered(split, extra=5)
    val = select_part(split, 1, "val", images)
    train = select_part(split, 1, "train", images)
    expected = [name.removeprefix("train/") for name in split.val_file_names(1)]
    assert [images.file_names[i] for i in val] == expected
    assert sorted([*val, *train]) == list(range(25))
    assert_no_leak(split, 1, [images.file_names[i] for i in train])


def test_missing_val_images_are_named_and_missing_train_images_are_not(split: Split) -> None:
    images = renumbered(split)
    val = select_part(split, 0, "val", images)
    fewer = images.take(np.delete(np.arange(20), val[0]))
    with pytest.raises(PodiumError, match=r"must hold all val images of fold 0 .* lacks 1"):
        select_part(split, 0, "val", fewer)
    assert len(select_part(split, 0, "train", fewer)) == 20 - len(val)


def test_two_names_for_one_image_are_refused(split: Split) -> None:
    doubled = ("train/0001.jpg", "0001.jpg")
    images = Images(np.arange(2), doubled, np.full((2, 2), 200), "twice.json")
    with pytest.raises(PodiumError, match=r"twice\.json: every image must be one image"):
        select_part(split, 0, "train", images)


def test_an_unknown_part_is_refused(split: Split) -> None:
    with pytest.raises(PodiumError, match="part must be 'train' or 'val', but is 'test'"):
        select_part(split, 0, "test", split.images)
