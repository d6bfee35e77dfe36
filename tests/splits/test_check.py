from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.splits import (
    Evidence,
    Split,
    changed_val_images,
    check_split,
    make_split,
    read_labelled,
    seal,
    take_external_split,
)
from custom.splits.digests import content_digest
from custom.testing.toy_splits import coco, random_boxes

Content = dict[str, Any]


@pytest.fixture
def content() -> Content:
    return coco(20, random_boxes(20))


@pytest.fixture
def split(content: Content, write_coco: Callable[..., Path], tmp_path: Path) -> Split:
    path = write_coco(content)
    return seal(make_split(read_labelled(path), 4), path.parent / "splits" / "s")


def drop_image(content: Content) -> None:
    content["images"] = content["images"][1:]
    content["annotations"] = [a for a in content["annotations"] if a["image_id"] != 0]


def renumber(content: Content) -> None:
    for entry in content["images"]:
        entry["id"] += 100
        entry["file_name"] = "/upload/" + entry["file_name"]
    for entry in content["annotations"]:
        entry["image_id"] += 100


def shift_categories(content: Content) -> None:
    for entry in content["categories"]:
        entry["id"] += 1
    for entry in content["annotations"]:
        entry["category_id"] += 1


EDITS: list[Any] = [
    pytest.param(lambda c: c.update(info="x"), True, "rewritten with the same", id="info"),
    pytest.param(renumber, True, "images have other ids", id="renumbered"),
    pytest.param(shift_categories, True, "the same classes have other category ids", id="ids"),
    pytest.param(
        lambda c: c["images"].append(c["images"][0] | {"id": 99, "file_name": "new.jpg"}),
        True,
        r"images were added; .*: new\.jpg",
        id="added",
    ),
    pytest.param(drop_image, False, r"sealed are missing: train/0000\.jpg", id="dropped"),
    pytest.param(
        lambda c: c["annotations"][0].update(category_id=1 - c["annotations"][0]["category_id"]),
        False,
        r"val images of fold \d have other boxes: .*: train/0000\.jpg",
        id="relabelled",
    ),
    pytest.param(
        lambda c: c["categories"][0].update(name="tin"), False, "classes must be", id="renamed"
    ),
    pytest.param(
        lambda c: c["images"][3].update(width=201), False, "another size: train/0003", id="size"
    ),
]


@pytest.mark.parametrize(("edit", "harmless", "message"), EDITS)
def test_changed_annotations(
    edit: Callable[[Content], None],
    harmless: bool,
    message: str,
    content: Content,
    split: Split,
    write_coco: Callable[..., Path],
) -> None:
    assert check_split(split.folder) == []
    edit(content)
    write_coco(content)
    found = check_split(split.folder)
    assert all(difference.harmless for difference in found) is harmless
    with pytest.raises(AssertionError, match=message):
        raise AssertionError("\n".join(map(str, found)))


def test_another_file_can_be_checked(
    split: Split, content: Content, write_coco: Callable[..., Path]
) -> None:
    drop_image(content)
    other = write_coco(content, "cleaned.json")
    assert check_split(split.folder) == []
    assert "missing" in str(check_split(split.folder, other)[0])


def test_changed_and_swapped_image_files(
    content: Content, write_coco: Callable[..., Path], tmp_path: Path
) -> None:
    path = write_coco(content)
    files = [path.parent / entry["file_name"] for entry in content["images"]]
    for index, file in enumerate(files):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"image %d" % index)
    evidence = Evidence([content_digest(file) for file in files])
    split = seal(make_split(read_labelled(path), 4, evidence=evidence), tmp_path / "s")
    assert check_split(split.folder, path) == []
    files[0].write_bytes(b"image 1")
    files[1].write_bytes(b"image 0")
    files[2].write_bytes(b"edited")
    files[3].unlink()
    said = "\n".join(str(found) for found in check_split(split.folder, path))
    assert "wrong image file: train/0000.jpg (holds what was train/0001.jpg)" in said
    assert "changed content: train/0002.jpg" in said
    assert "missing in" in said
    assert "train/0003.jpg" in said
    alone = write_coco(content, "alone.json")
    for file in files:
        file.unlink(missing_ok=True)
    (found,) = check_split(split.folder, alone)
    assert found.harmless
    assert "not compared" in str(found)


def test_content_that_was_never_seen_is_said_so(split: Split, tmp_path: Path) -> None:
    (found,) = check_split(split.folder, images_dir=tmp_path)
    assert found.harmless
    assert "no image files were there when the split was sealed" in str(found)


def test_lost_annotations_are_asked_for(split: Split) -> None:
    (split.folder.parent.parent / "train.json").unlink()
    with pytest.raises(PodiumError, match=r"must be at .*train\.json, but are not; name the file"):
        check_split(split.folder)


def test_broken_annotations_are_an_error(split: Split, write_coco: Callable[..., Path]) -> None:
    path = write_coco()
    content = json.loads(path.read_text())
    content["annotations"][0]["bbox"] = [0, 0, 0, 0]
    path.write_text(json.dumps(content))
    with pytest.raises(PodiumError, match="positive width"):
        check_split(split.folder)


def test_changed_val_images_are_named_for_their_fold_only(
    split: Split, content: Content, write_coco: Callable[..., Path]
) -> None:
    content["annotations"][0]["bbox"][2] += 5
    renumber(content)
    gt = read_labelled(write_coco(content, "cleaned.json"))
    changed = [changed_val_images(split, fold, gt) for fold in range(4)]
    assert sorted(changed) == [(), (), (), ("train/0000.jpg",)]
    assert "train/0000.jpg" in split.val_file_names(changed.index(("train/0000.jpg",)))


def test_external_folds_that_leak_are_told_each_time(
    content: Content, write_coco: Callable[..., Path], tmp_path: Path
) -> None:
    path = write_coco(content)
    ids = tmp_path / "ids.json"
    ids.write_text("[0, 1, 2]")
    evidence = Evidence([f"{i:016d}" for i in range(20)], [np.array([2, 3])])
    gt = read_labelled(path)
    folder = path.parent / "splits" / "external"
    seal(take_external_split(gt, [ids], evidence=evidence), folder)
    leaks = [str(d) for d in check_split(folder, path) if not d.harmless]
    assert len(leaks) == 1
    assert "fold 0 leaks: 1 groups" in leaks[0]
