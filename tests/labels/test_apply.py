from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from custom.errors import PodiumError
from custom.labels import Edit, apply_patches, diff_annotations, write_patch
from custom.testing.toy_splits import coco

# Image, class, x, y, width, height; "can" is class 0, "cup" class 1.
BOXES = [(0, 0, 10, 10, 50, 50), (0, 1, 100, 100, 40, 40), (1, 0, 5, 5, 60, 60)]
FIRST = "train/0000.jpg"
BOX = (10.0, 10.0, 50.0, 50.0)


@pytest.fixture
def ann_file(tmp_path: Path) -> Path:
    content = coco(3, BOXES)
    content["annotations"][0] |= {"segmentation": [[1, 2, 3, 4, 5, 6]], "attributes": {"wet": True}}
    path = tmp_path / "train.json"
    path.write_text(json.dumps(content))
    return path


def apply(ann_file: Path, *edits: Edit) -> dict[str, Any]:
    patch, out = ann_file.with_name("p.jsonl"), ann_file.with_name("out.json")
    write_patch(patch, edits)
    apply_patches(ann_file, [patch], out)
    return json.loads(out.read_text())


def boxes_of(content: dict[str, Any]) -> list[tuple[int, int, int, list[float]]]:
    keys = ("id", "image_id", "category_id", "bbox")
    return [tuple(a[key] for key in keys) for a in content["annotations"]]


def test_the_four_edits(ann_file: Path) -> None:
    before = ann_file.read_bytes()
    content = apply(
        ann_file,
        Edit(FIRST, "relabel", "can", BOX, "cup"),
        Edit(FIRST, "remove", "cup", (100.0, 100.0, 40.0, 40.0)),
        Edit("train/0001.jpg", "move", "can", (5.0, 5.0, 60.0, 60.0), (7.0, 8.0, 60.0, 50.0)),
        Edit("train/0002.jpg", "add", "cup", (1.0, 1.0, 9.0, 9.0)),
    )
    assert boxes_of(content) == [
        (0, 0, 1, [10, 10, 50, 50]),
        (2, 1, 0, [7, 8, 60, 50]),
        (3, 2, 1, [1, 1, 9, 9]),
    ]
    assert content["annotations"][0]["attributes"] == {"wet": True}
    assert content["annotations"][0]["segmentation"]
    assert content["annotations"][1]["area"] == 60 * 50
    assert ann_file.read_bytes() == before


def test_rounded_boxes_and_dropped_folders_still_fit(ann_file: Path) -> None:
    content = apply(ann_file, Edit("0000.jpg", "remove", "can", (10.4, 9.6, 50.0, 50.9)))
    assert [row[0] for row in boxes_of(content)] == [1, 2]


UNFIT = [
    pytest.param(Edit("a.jpg", "remove", "can", BOX), "there is no such image", id="image"),
    pytest.param(Edit(FIRST, "remove", "cup", BOX), "there is no such box", id="class of the box"),
    pytest.param(
        Edit(FIRST, "remove", "can", (12.0, 10.0, 50.0, 50.0)), "there is no such box", id="moved"
    ),
    pytest.param(Edit(FIRST, "relabel", "can", BOX, "tin"), "there is no class 'tin'", id="to"),
    pytest.param(Edit(FIRST, "add", "can", BOX), "that box is there already", id="added before"),
]


@pytest.mark.parametrize(("edit", "message"), UNFIT)
def test_an_edit_that_no_longer_fits_is_named(edit: Edit, message: str, ann_file: Path) -> None:
    good = Edit("train/0001.jpg", "remove", "can", (5.0, 5.0, 60.0, 60.0))
    with pytest.raises(PodiumError, match=rf"1 of 2 edits no longer fit(.|\n)*{message}"):
        apply(ann_file, edit, good)
    assert not ann_file.with_name("out.json").exists()


def test_a_patch_fits_once(ann_file: Path) -> None:
    edit = Edit(FIRST, "relabel", "can", BOX, "cup")
    apply(ann_file, edit)
    with pytest.raises(PodiumError, match="there is no such box"):
        apply_patches(
            ann_file.with_name("out.json"),
            [ann_file.with_name("p.jsonl")],
            ann_file.with_name("again.json"),
        )


def test_another_file_is_not_written_over(ann_file: Path) -> None:
    patch, out = ann_file.with_name("p.jsonl"), ann_file.with_name("out.json")
    write_patch(patch, [Edit(FIRST, "add", "can", (1.0, 1.0, 9.0, 9.0))])
    out.write_text('{"mine": 1}')
    with pytest.raises(PodiumError, match=r"out\.json must be free .* use --overwrite"):
        apply_patches(ann_file, [patch], out)
    assert out.read_text() == '{"mine": 1}'
    apply_patches(ann_file, [patch], out, overwrite=True)
    apply_patches(ann_file, [patch], out)  # the same again


def test_never_in_place_and_never_invalid(ann_file: Path) -> None:
    patch = ann_file.with_name("p.jsonl")
    write_patch(patch, [Edit(FIRST, "add", "can", (150.0, 150.0, 90.0, 90.0))])
    with pytest.raises(PodiumError, match="never applied in place"):
        apply_patches(ann_file, [patch], ann_file)
    with pytest.raises(PodiumError, match=r"another file than .*p\.jsonl"):
        apply_patches(ann_file, [patch], patch)
    with pytest.raises(PodiumError, match=r"must leave .* valid, but: (.|\n)*inside its image"):
        apply_patches(ann_file, [patch], ann_file.with_name("out.json"))
    assert sorted(path.name for path in ann_file.parent.iterdir()) == ["p.jsonl", "train.json"]


def renumbered(content: dict[str, Any]) -> dict[str, Any]:
    """As it comes back from a labelling tool: new ids, no folders, other order of classes."""
    back = json.loads(json.dumps(content))
    for entry in back["images"]:
        entry["id"] = 500 - entry["id"]
        entry["file_name"] = entry["file_name"].rsplit("/", 1)[-1]
    names = ["cup", "can"]
    old = {entry["id"]: entry["name"] for entry in back["categories"]}
    back["categories"] = [{"id": k + 1, "name": name} for k, name in enumerate(names)]
    for number, annotation in enumerate(reversed(back["annotations"]), start=1):
        annotation["id"] = number
        annotation["image_id"] = 500 - annotation["image_id"]
        annotation["category_id"] = names.index(old[annotation["category_id"]]) + 1
        annotation["bbox"] = [round(value) for value in annotation["bbox"]]
    back["annotations"].reverse()
    return back


def test_a_round_trip_through_a_labelling_tool(ann_file: Path, tmp_path: Path) -> None:
    edits = [
        Edit(FIRST, "relabel", "can", BOX, "cup", "ann", "r"),
        Edit(FIRST, "remove", "cup", (100.0, 100.0, 40.0, 40.0), None, "ann", "r"),
        Edit("train/0001.jpg", "move", "can", (5.0, 5.0, 60.0, 60.0), (9.0, 9.0, 60.0, 60.0),
            "ann", "r"),
        Edit("train/0002.jpg", "add", "cup", (1.0, 1.0, 9.0, 9.0), None, "ann", "r"),
    ]  # fmt: skip
    new = tmp_path / "new.json"
    new.write_text(json.dumps(renumbered(apply(ann_file, *edits))))
    diff = diff_annotations(ann_file, new, "ann", "r")
    assert sorted(diff.edits, key=str) == sorted(edits, key=str)
    assert diff.missing == diff.unknown == ()


def test_nothing_changed_is_no_edit(ann_file: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.json"
    new.write_text(json.dumps(renumbered(json.loads(ann_file.read_text()))))
    assert diff_annotations(ann_file, new).edits == []


def test_edits_of_exact_copies_are_counted(tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    copies = [(0, 0, 10, 10, 50, 50)] * 2
    old.write_text(json.dumps(coco(1, [*copies, (0, 1, 60, 60, 20, 20)], ("can", "cup"))))
    new.write_text(json.dumps(coco(1, [(0, 1, 60, 60, 20, 20)], ("can", "cup"))))
    diff = diff_annotations(old, new)
    assert [edit.edit for edit in diff.edits] == ["remove"]
    assert diff.repeated == 1


def test_images_on_one_side_only_are_left_alone(ann_file: Path, tmp_path: Path) -> None:
    content = json.loads(ann_file.read_text())
    content["images"][1]["file_name"] = "train/9999.jpg"
    new = tmp_path / "new.json"
    new.write_text(json.dumps(content))
    diff = diff_annotations(ann_file, new)
    assert (diff.edits, diff.missing, diff.unknown) == (
        [],
        ("train/0001.jpg",),
        ("train/9999.jpg",),
    )


def test_files_without_a_common_image_are_refused(ann_file: Path, tmp_path: Path) -> None:
    content = json.loads(ann_file.read_text())
    for image in content["images"]:
        image["file_name"] = image["file_name"].replace("train/", "upload/")
    new = tmp_path / "new.json"
    new.write_text(json.dumps(content))
    with pytest.raises(PodiumError, match=r"none of its file .*'upload/0000.jpg' beside 'train/"):
        diff_annotations(ann_file, new)


RENAMED = {
    "train/0000.jpg": "images/1a2b3c4d-0000.jpg",  # Label Studio, an upload
    "train/0001.jpg": "/data/local-files/?d=up/0001.jpg",  # Label Studio, local files
    "train/0002.jpg": "0002_jpg.rf.9aBc3.jpg",  # Roboflow
}


def test_names_that_tools_changed_are_offered_and_then_matched(
    ann_file: Path, tmp_path: Path
) -> None:
    content = apply(ann_file, Edit(FIRST, "relabel", "can", BOX, "cup", "ann", "r"))
    for image in content["images"]:
        image["file_name"] = RENAMED.get(image["file_name"], image["file_name"])
    content["images"] = [i for i in content["images"] if i["file_name"] in RENAMED.values()]
    known = {image["id"] for image in content["images"]}
    content["annotations"] = [a for a in content["annotations"] if a["image_id"] in known]
    new = tmp_path / "new.json"
    new.write_text(json.dumps(content))
    with pytest.raises(PodiumError, match=r"3 of 3 fit by their stems, .* --match stem"):
        diff_annotations(ann_file, new)
    diff = diff_annotations(ann_file, new, by_stem=True)
    assert [(edit.image, edit.edit) for edit in diff.edits] == [(FIRST, "relabel")]
    assert diff.renamed == {name: old for old, name in RENAMED.items()}


def test_boxes_on_resized_copies_are_refused_or_scaled_back(ann_file: Path, tmp_path: Path) -> None:
    content = apply(ann_file, Edit(FIRST, "relabel", "can", BOX, "cup", "ann", "r"))
    for image in content["images"]:
        image.update(height=image["height"] // 4, width=image["width"] // 4)
    for annotation in content["annotations"]:
        annotation["bbox"] = [round(value / 4) for value in annotation["bbox"]]
    new = tmp_path / "new.json"
    new.write_text(json.dumps(content))
    with pytest.raises(PodiumError, match=r"must have the sizes .* scale the boxes back with"):
        diff_annotations(ann_file, new)
    edits = diff_annotations(ann_file, new, scale=True).edits
    assert [(edit.image, edit.edit) for edit in edits] == [(FIRST, "relabel")]


def test_foreign_and_shifted_classes_are_refused(tmp_path: Path) -> None:
    names = ("a", "b", "c", "d")
    boxes = [(i, i % 3, 10, 10, 50, 50) for i in range(12)]
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    content = coco(12, boxes, names)
    old.write_text(json.dumps(content))
    for annotation in content["annotations"]:
        annotation["category_id"] += 1
    new.write_text(json.dumps(content))
    with pytest.raises(PodiumError, match="ids seem to be shifted against its category names"):
        diff_annotations(old, new)
    content["categories"][3]["name"] = "e"
    new.write_text(json.dumps(content))
    with pytest.raises(PodiumError, match=r"must be among .* but 'e' is not"):
        diff_annotations(old, new)
