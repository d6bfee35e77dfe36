from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.splits import make_split, read_labelled, read_split, seal, take_external_split
from custom.testing.toy_splits import coco, random_boxes


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_is_sealed_is_read_back(write_coco: Callable[..., Path], tmp_path: Path) -> None:
    draft = make_split(read_labelled(write_coco()), 4, 42)
    split = read_split(seal(draft, tmp_path / "splits" / "a").folder)
    assert split.name == "a"
    assert split.num_folds == 4
    everything = set(range(20))
    for fold in range(4):
        val, train = set(split.val_ids(fold).tolist()), set(split.train_ids(fold).tolist())
        assert val == set(draft.folds[fold].tolist())
        assert val | train == everything
        assert not val & train
        names = {f"train/{i:04d}.jpg" for i in val}
        assert set(split.val_file_names(fold)) == names
        assert names.isdisjoint(split.train_file_names(fold))
    assert sorted(np.concatenate([split.val_ids(k) for k in range(4)]).tolist()) == list(range(20))


def test_the_same_input_gives_the_same_bytes(
    write_coco: Callable[..., Path], tmp_path: Path
) -> None:
    path = write_coco()
    for parent in ("one", "two"):
        seal(make_split(read_labelled(path), 4), tmp_path / parent / "s")
    assert files_of(tmp_path / "one" / "s") == files_of(tmp_path / "two" / "s")


def test_the_same_split_again_is_left_alone_and_another_refused(
    write_coco: Callable[..., Path], tmp_path: Path
) -> None:
    gt = read_labelled(write_coco())
    folder = tmp_path / "s"
    first = seal(make_split(gt, 4), folder)
    before = files_of(folder)
    assert seal(make_split(gt, 4), folder).hash == first.hash
    with pytest.raises(PodiumError, match=r"holds another sealed split .* --name"):
        seal(make_split(gt, 4, seed=1), folder)
    assert files_of(folder) == before


def test_other_labels_are_another_split(write_coco: Callable[..., Path], tmp_path: Path) -> None:
    content = coco(20, random_boxes(20))
    first = seal(make_split(read_labelled(write_coco(content)), 4), tmp_path / "s")
    content["annotations"][0]["bbox"][0] += 1
    draft = make_split(read_labelled(write_coco(content)), 4)
    with pytest.raises(PodiumError, match="holds another sealed split"):
        seal(draft, first.folder)
    assert seal(draft, tmp_path / "t").hash != first.hash


@pytest.mark.parametrize("name", ["fold1.json", "manifest.json"])
def test_a_changed_file_breaks_the_seal(
    name: str, write_coco: Callable[..., Path], tmp_path: Path
) -> None:
    folder = seal(make_split(read_labelled(write_coco()), 4), tmp_path / "s").folder
    path = folder / name
    path.write_bytes(path.read_bytes().replace(b"42", b"43").replace(b"train/00", b"train/11"))
    with pytest.raises(PodiumError, match=f"{name} must be as sealed, but was changed"):
        read_split(folder)


def test_what_is_no_split_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(PodiumError, match=r"must be a sealed split, but has no manifest\.json"):
        read_split(tmp_path)


def test_a_folder_with_other_things_is_left_alone(
    write_coco: Callable[..., Path], tmp_path: Path
) -> None:
    folder = tmp_path / "s"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(PodiumError, match="must be new or empty"):
        seal(make_split(read_labelled(write_coco()), 4), folder)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    assert not list(tmp_path.glob(".s*"))


def test_an_unwritable_place_is_a_clear_error(
    write_coco: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PodiumError, match="cannot write"):
        seal(make_split(read_labelled(write_coco()), 4), tmp_path / "file" / "s")


@pytest.mark.parametrize("fold", [-1, 4])
def test_an_unknown_fold_is_refused(
    fold: int, write_coco: Callable[..., Path], tmp_path: Path
) -> None:
    split = seal(make_split(read_labelled(write_coco()), 4), tmp_path / "s")
    with pytest.raises(PodiumError, match=f"fold must be 0 to 3 .* but is {fold}"):
        split.val_ids(fold)


def test_images_in_no_fold_are_kept_and_trained_on(
    write_coco: Callable[..., Path], tmp_path: Path
) -> None:
    ids = tmp_path / "ids.json"
    ids.write_text(json.dumps({"ids": [3, 1]}))
    split = seal(take_external_split(read_labelled(write_coco()), [ids]), tmp_path / "s")
    assert split.val_ids(0).tolist() == [1, 3]
    assert len(split.train_ids(0)) == 18


def test_a_file_without_boxes_cannot_be_split(write_coco: Callable[..., Path]) -> None:
    with pytest.raises(PodiumError, match="must hold boxes to be split, but has none on 20 images"):
        read_labelled(write_coco(coco(20, [])))


def test_a_split_is_completed_once_its_images_are_seen(
    write_coco: Callable[..., Path], tmp_path: Path
) -> None:
    draft = make_split(read_labelled(write_coco()), 4, 42)
    sealed = seal(draft, tmp_path / "a")
    seen = replace(draft, contents=tuple(f"{i:016d}" for i in range(20)))
    completed = seal(seen, tmp_path / "a")
    assert sealed.contents == ("",) * 20
    assert completed.contents == seen.contents
    assert completed.hash == sealed.hash  # which runs refer to
    assert seal(draft, tmp_path / "a").contents == seen.contents
    (tmp_path / "a" / "contents.json").write_text("[]")
    with pytest.raises(PodiumError, match=r"contents\.json must hold a digest for each"):
        read_split(tmp_path / "a")


def test_splits_sealed_side_by_side_are_one(
    write_coco: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft, folder = make_split(read_labelled(write_coco()), 4, 42), tmp_path / "a"
    replace_folder = os.replace

    def second(source: Path, target: Path) -> None:
        """The first to be ready finds that another process was a moment faster."""
        if Path(target) == folder:
            monkeypatch.setattr(os, "replace", replace_folder)
            seal(draft, folder)
        replace_folder(source, target)

    monkeypatch.setattr(os, "replace", second)
    assert seal(draft, folder).hash == read_split(folder).hash
    assert [path.name for path in tmp_path.iterdir() if path.name != "toy"] == ["a"]
