"""Repairs of annotation files: each by name, counted, logged, and nothing else touched."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from PIL import Image

from custom.errors import PodiumError
from custom.labels.repair import describe, diagnose, repair
from custom.labels.repairs import REPAIRS, Options
from custom.tables.coco import read_ground_truth
from tools.labels import main

GOOD = {
    "info": {"year": 2026},
    "images": [
        {"id": 7, "file_name": "b.jpg", "height": 50, "width": 100},
        {"id": 3, "file_name": "a.jpg", "height": 40, "width": 80},
    ],
    "categories": [{"id": 5, "name": "can"}, {"id": 2, "name": "bag"}],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 5, "bbox": [0, 0, 100, 50], "attributes": {"x": 1}},
        *(
            {"id": 2 + k, "image_id": 3, "category_id": 2, "bbox": [k, 2, 10, 20]}
            for k in range(49)
        ),
    ],
}


def content(section: str, index: int, **values: object) -> dict:
    changed = copy.deepcopy(GOOD)
    changed[section][index].update(values)
    return changed


def write(folder: Path, data: object) -> Path:
    path = folder / "train.json"
    path.write_text(json.dumps(data))
    return path


TEXT_IDS = copy.deepcopy(GOOD)
for image, name in zip(TEXT_IDS["images"], ("img_b", "img_a"), strict=True):
    image["id"] = name
for annotation in TEXT_IDS["annotations"]:
    annotation["image_id"] = "img_b" if annotation["image_id"] == 7 else "img_a"
ROOTED = copy.deepcopy(GOOD)
for category in ROOTED["categories"]:
    category["supercategory"] = "trash"
ROOTED["categories"].insert(0, {"id": 0, "name": "trash", "supercategory": "none"})


@pytest.mark.parametrize(
    ("data", "name", "where", "after"),
    [
        # The image is 80 wide: from 75 on, 5 of the 10 pixels are left.
        pytest.param(
            content("annotations", 1, bbox=[75, 2, 10, 20]),
            "clip",
            "annotations[1].bbox",
            [75, 2, 5, 20],
            id="clip",
        ),
        pytest.param(
            content("annotations", 1, bbox=[5, 2, 0, 20]),
            "drop-empty",
            "annotations[1]",
            None,
            id="no width",
        ),
        pytest.param(
            content("annotations", 1, bbox=[]), "drop-empty", "annotations[1]", None, id="no box"
        ),
        pytest.param(
            content("annotations", 1, bbox=[5, 2, float("nan"), 20]),
            "drop-empty",
            "annotations[1]",
            None,
            id="nan",
        ),
        pytest.param(
            content("annotations", 1, image_id=99),
            "drop-orphans",
            "annotations[1]",
            None,
            id="orphan",
        ),
        pytest.param(
            content("annotations", 1, area=-3), "areas", "annotations[1].area", 200, id="area"
        ),
        pytest.param(
            content("annotations", 1, id=1), "renumber", "annotations[0].id", 1, id="repeated id"
        ),
        pytest.param(
            content("annotations", 1, category_id="2"),
            "ids-from-names",
            "annotations[1].category_id",
            2,
            id="category id as text",
        ),
        # By file name: a.jpg is 1 and b.jpg, the first entry, is 2.
        pytest.param(TEXT_IDS, "ids-from-names", "images[0].id", 2, id="image ids as text"),
        pytest.param(ROOTED, "drop-root", "categories[0]", None, id="root category"),
    ],
)
def test_a_repair_changes_what_it_names_and_nothing_else(
    tmp_path: Path, data: dict, name: str, where: str, after: object
) -> None:
    path = write(tmp_path, data)
    diagnosis = diagnose(path, Options())
    assert list(diagnosis.changes) == [name]
    assert diagnosis.remaining == ""
    changes = repair(path, [name], tmp_path / "clean.json", Options())
    assert changes[0].where == where
    assert changes[0].after == after
    read_ground_truth(tmp_path / "clean.json")
    clean = json.loads((tmp_path / "clean.json").read_text())
    assert clean["info"] == GOOD["info"]
    assert clean["annotations"][0]["attributes"] == {"x": 1}
    log = (tmp_path / "clean.repairs.jsonl").read_text().splitlines()
    assert [json.loads(line)["where"] for line in log] == [change.where for change in changes]


def test_text_ids_are_mapped_everywhere(tmp_path: Path) -> None:
    repair(write(tmp_path, TEXT_IDS), ["ids-from-names"], tmp_path / "clean.json", Options())
    gt = read_ground_truth(tmp_path / "clean.json")
    assert gt.images.ids.tolist() == [2, 1]
    assert gt.offsets.tolist() == [0, 1, 50]


@pytest.mark.parametrize(
    ("name", "write_box"),
    [
        pytest.param("xyxy", lambda b, w, h: [b[0], b[1], b[0] + b[2], b[1] + b[3]], id="corners"),
        pytest.param(
            "centre", lambda b, w, h: [b[0] + b[2] / 2, b[1] + b[3] / 2, b[2], b[3]], id="centre"
        ),
        pytest.param(
            "fractions", lambda b, w, h: [b[0] / w, b[1] / h, b[2] / w, b[3] / h], id="fractions"
        ),
    ],
)
def test_boxes_in_another_form_are_refused_to_be_dropped_and_can_be_converted(
    tmp_path: Path, name: str, write_box
) -> None:
    data = copy.deepcopy(GOOD)
    for annotation in data["annotations"]:
        image = data["images"][0 if annotation["image_id"] == 7 else 1]
        annotation["bbox"] = write_box(annotation["bbox"], image["width"], image["height"])
    path = write(tmp_path, data)
    assert f"--read-as {name} would help" in describe(path, diagnose(path, Options()))
    with pytest.raises(PodiumError, match=r"would change .*--read-as|must leave .* valid"):
        repair(path, ["clip", "drop-empty"], tmp_path / "clean.json", Options())
    assert list(tmp_path.iterdir()) == [path]
    repair(path, ["read-as"], tmp_path / "clean.json", Options(read_as=name))
    expected = read_ground_truth(write(tmp_path, GOOD)).bboxes
    assert read_ground_truth(tmp_path / "clean.json").bboxes == pytest.approx(expected)


def test_sizes_and_categories_come_from_elsewhere(tmp_path: Path) -> None:
    bare = {"images": [{"id": 1, "file_name": "p.jpg"}]}
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by 90 degrees: 20 wide and 30 high
    Image.new("RGB", (30, 20)).save(tmp_path / "p.jpg", exif=exif)
    categories = tmp_path / "other.json"
    categories.write_text(json.dumps(GOOD))
    path = write(tmp_path, bare)
    text = describe(path, diagnose(path, Options()))
    assert "--categories-from TRAIN.json would help" in text
    assert "--sizes-from FOLDER_OF_IMAGES would help" in text
    options = ["--sizes-from", str(tmp_path), "--categories-from", str(categories)]
    assert main(["repair", str(path), *options, "--out", str(tmp_path / "test.json")]) == 0
    test = read_ground_truth(tmp_path / "test.json")
    assert test.images.sizes_hw.tolist() == [[30, 20]]
    assert test.categories.names == ("can", "bag")


def test_nothing_is_written_that_is_still_invalid_or_over_another_file(tmp_path: Path) -> None:
    path = write(tmp_path, content("annotations", 1, bbox=[75, 2, 10, 20], id=1))
    with pytest.raises(PodiumError, match=r"must leave .* valid, but: .* 1 stands twice"):
        repair(path, ["clip"], tmp_path / "clean.json", Options())
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(PodiumError, match="must be a new file, but exists"):
        repair(path, REPAIRS, path, Options())


def test_the_tool_shows_repairs_without_making_them(tmp_path: Path, capsys) -> None:
    path = write(tmp_path, content("annotations", 1, bbox=[75, 2, 10, 20]))
    assert main(["repair", str(path)]) == 1
    shown = capsys.readouterr().out
    assert "--clip: 1 changes" in shown
    assert "[75, 2, 10, 20] -> [75.0, 2.0, 5.0, 20.0]" in shown
    assert f"labels.py repair {path} --clip --out NEW.json" in shown
    assert list(tmp_path.iterdir()) == [path]
    assert main(["repair", str(write(tmp_path, GOOD))]) == 0


def test_a_patch_can_be_applied_to_the_file_that_it_fixes(tmp_path: Path) -> None:
    path = write(tmp_path, content("annotations", 1, bbox=[75, 2, 10, 20]))
    edit = {"image": "a.jpg", "edit": "remove", "class": "bag", "box": [75, 2, 10, 20]}
    patch = tmp_path / "p.jsonl"
    patch.write_text(json.dumps({**edit, "author": "me", "reason": "beyond the image"}) + "\n")
    main(["apply", str(path), str(patch), "--out", str(tmp_path / "clean.json")])
    assert read_ground_truth(tmp_path / "clean.json").num_boxes == 49
