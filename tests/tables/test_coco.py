"""Reading and writing COCO files: what is read back, and what is refused by name."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.tables.coco import read_ground_truth, read_results, write_results
from custom.testing import shared_data

GOOD = {
    "images": [
        {"id": 7, "file_name": "b.jpg", "height": 50, "width": 100},
        {"id": 3, "file_name": "a.jpg", "height": 40, "width": 30},
    ],
    "categories": [{"id": 5, "name": "can"}, {"id": 2, "name": "bag"}],
    "annotations": [
        {"id": 0, "image_id": 3, "category_id": 2, "bbox": [1, 2, 10, 20], "area": 150},
        {"id": 9, "image_id": 7, "category_id": 5, "bbox": [0, 0, 100, 50], "iscrowd": 1},
        {"id": 4, "image_id": 3, "category_id": 5, "bbox": [5.5, 0, 1, 1]},
    ],
}


def write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_read_ground_truth_maps_ids_once(tmp_path: Path) -> None:
    gt = read_ground_truth(write(tmp_path / "gt.json", GOOD))
    assert gt.images.ids.tolist() == [7, 3]
    assert gt.images.sizes_hw.tolist() == [[50, 100], [40, 30]]
    assert gt.offsets.tolist() == [0, 1, 3]
    assert gt.labels.tolist() == [0, 1, 0]  # positions of categories 5, 2, 5
    assert gt.bboxes.tolist() == [[0, 0, 100, 50], [1, 2, 11, 22], [5.5, 0, 6.5, 1]]
    assert gt.area.tolist() == [100 * 50, 150, 1]
    assert gt.iscrowd.tolist() == [True, False, False]
    assert gt.annotation_ids.tolist() == [9, 0, 4]


def test_a_file_without_annotations_has_no_boxes(tmp_path: Path) -> None:
    unlabelled = {key: GOOD[key] for key in ("images", "categories")}
    gt = read_ground_truth(write(tmp_path / "test.json", unlabelled))
    assert gt.num_boxes == 0
    assert gt.offsets.tolist() == [0, 0, 0]


def changed(section: str, index: int, **values: object) -> dict:
    content = copy.deepcopy(GOOD)
    content[section][index].update(values)
    return content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(changed("images", 1, id=7), "image ids must be unique, but 7", id="image-id"),
        pytest.param(changed("images", 1, file_name="b.jpg"), "'b.jpg' stands twice", id="name"),
        pytest.param(changed("images", 0, width=0), r"b.jpg is \[50, 0\]", id="image-size"),
        pytest.param(changed("annotations", 1, id=0), "annotation ids .* 0 stands", id="ann-id"),
        pytest.param(changed("annotations", 1, image_id=8), "image, but 8 is none", id="image"),
        pytest.param(
            changed("annotations", 1, category_id=0), "category, but 0 is none", id="category"
        ),
        pytest.param(
            changed("annotations", 2, bbox=[1, 1, 0, 5]), "annotation 4 on image a.jpg", id="area"
        ),
        pytest.param(
            changed("annotations", 0, bbox=[25, 0, 6.5, 5]), "must lie inside", id="outside"
        ),
        pytest.param(changed("annotations", 0, bbox=[1, 2, 3]), "four numbers", id="three"),
        pytest.param(
            changed("annotations", 2, bbox=[1, 2, 3, "4"]),
            r"bbox of annotation 2 must be four numbers, but is \[1, 2, 3, '4'\]",
            id="text",
        ),
        pytest.param(changed("annotations", 2, bbox=[1, 2, None, 4]), "four numbers", id="null"),
        pytest.param(
            changed("annotations", 1, id="x"),
            "id of annotation 1 must be an integer",
            id="ann-text",
        ),
        pytest.param(changed("annotations", 1, id=1.5), "must be an integer", id="ann-fraction"),
        pytest.param(
            changed("annotations", 1, area="7"),
            "area of annotation 1 must be a number",
            id="text-area",
        ),
        pytest.param(
            changed("annotations", 1, area=-1), "must be a number of 0 or more", id="negative-area"
        ),
        pytest.param(
            changed("annotations", 1, iscrowd="no"),
            "iscrowd of annotation 1 must be 0 or 1",
            id="crowd",
        ),
        pytest.param(
            changed("images", 1, width=99.5), "width of image 1 must be an integer", id="width"
        ),
        pytest.param(
            changed("images", 1, file_name=7),
            "file_name of image 1 must be a text",
            id="name-number",
        ),
        pytest.param(
            changed("categories", 1, id="2"),
            "id of category 1 must be an integer",
            id="category-text",
        ),
        pytest.param(
            changed("categories", 1, name=None), "name of category 1 must be a text", id="nameless"
        ),
        pytest.param(changed("annotations", 1, image_id=True), "image, but True", id="true"),
        pytest.param(changed("images", 0, id=2**63), "id of image 0 must be an int", id="2^63"),
        pytest.param(changed("images", 0, id=1e300), "id of image 0 must be an int", id="1e300"),
        pytest.param(
            changed("annotations", 1, ignore="yes"), "ignore of annotation 1 must be 0", id="ignore"
        ),
        pytest.param({**GOOD, "images": []}, "images must be a list with entries", id="empty"),
        pytest.param([], "must be a COCO object", id="list"),
        pytest.param(
            {**GOOD, "annotations": [{"id": 1}]}, "must have 'image_id', but entry 0", id="key"
        ),
    ],
)
def test_faults_are_named(tmp_path: Path, content: object, message: str) -> None:
    path = write(tmp_path / "gt.json", content)
    with pytest.raises(PodiumError, match=message) as error:
        read_ground_truth(path)
    assert "gt.json" in str(error.value)


def test_what_pandas_writes_is_read_as_meant(tmp_path: Path) -> None:
    content = changed("annotations", 0, iscrowd=None, area=None, id=6.0, image_id=3.0)
    content["images"][1]["width"] = 30.0
    gt = read_ground_truth(write(tmp_path / "gt.json", content))
    assert gt.annotation_ids.tolist() == [9, 6, 4]
    assert gt.area.tolist() == [100 * 50, 10 * 20, 1]
    assert gt.images.sizes_hw.tolist() == [[50, 100], [40, 30]]


def test_ignored_boxes_are_crowds(tmp_path: Path) -> None:
    gt = read_ground_truth(write(tmp_path / "gt.json", changed("annotations", 0, ignore=1)))
    assert gt.iscrowd.tolist() == [True, True, False]


def test_a_byte_order_mark_is_skipped_and_utf_16_is_named(tmp_path: Path) -> None:
    text, path = json.dumps(GOOD), tmp_path / "gt.json"
    path.write_bytes(text.encode("utf-8-sig"))
    assert read_ground_truth(path).num_boxes == 3
    path.write_bytes(text.encode("utf-16"))
    with pytest.raises(PodiumError, match=r"gt\.json must be UTF-8, but is UTF-16"):
        read_ground_truth(path)


def test_boxes_in_fractions_are_refused(tmp_path: Path) -> None:
    content = copy.deepcopy(GOOD)
    for annotation in content["annotations"]:
        annotation["bbox"] = [0.1, 0.2, 0.5, 0.75]
    path = write(tmp_path / "gt.json", content)
    with pytest.raises(PodiumError, match=r"largest coordinate of all 3 boxes is 0\.95: fractions"):
        read_ground_truth(path)


@pytest.mark.parametrize(
    ("bbox", "reading"),
    [
        # On an image 100 wide and 50 high: from (60, 10) to (90, 40), size (30, 30).
        pytest.param([60, 10, 90, 40], "x1, y1, x2, y2", id="corners"),
        pytest.param([85, 35, 30, 30], "centre x, centre y, w, h", id="centre"),
    ],
)
def test_the_likely_reading_of_boxes_is_said(tmp_path: Path, bbox: list, reading: str) -> None:
    content = copy.deepcopy(GOOD)
    content["annotations"] = [{"id": 1, "image_id": 7, "category_id": 5, "bbox": bbox}]
    path = write(tmp_path / "gt.json", content)
    with pytest.raises(PodiumError, match=rf"all boxes look like {reading}; .*labels\.py repair"):
        read_ground_truth(path)


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_numbers_that_are_not_finite_are_named(tmp_path: Path, value: float) -> None:
    path = write(tmp_path / "gt.json", changed("annotations", 1, bbox=[0, 0, value, 1]))
    message = rf"finite numbers, but annotations\[1\].bbox\[2\] is {value}"
    with pytest.raises(PodiumError, match=message):
        read_ground_truth(path)


def test_within_a_pixel_outside_is_rounding(tmp_path: Path) -> None:
    gt = read_ground_truth(
        write(tmp_path / "gt.json", changed("annotations", 0, bbox=[25, 0, 6, 5]))
    )
    assert gt.bboxes[1].tolist() == [25, 0, 31, 5]  # the image is 30 wide; not clipped


def test_results_keep_images_without_boxes(tmp_path: Path) -> None:
    gt = read_ground_truth(write(tmp_path / "gt.json", GOOD))
    results = [{"image_id": 3, "category_id": 2, "bbox": [1, 2, 3, 4], "score": 0.25}]
    predictions = read_results(write(tmp_path / "r.json", results), gt.images, gt.categories)
    assert predictions.image_ids.tolist() == [7, 3]
    assert predictions.offsets.tolist() == [0, 0, 1]
    assert predictions.bboxes.tolist() == [[1, 2, 4, 6]]
    write_results(tmp_path / "again.json", predictions, gt.categories)
    assert json.loads((tmp_path / "again.json").read_text()) == results


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(GOOD, "must be COCO results", id="annotations"),
        pytest.param([{"image_id": 1}], "known image, but 1 is none", id="image"),
        pytest.param([{"image_id": 3, "category_id": 1}], "known category", id="category"),
        pytest.param([3], "must have 'image_id', but entry 0 is 3", id="not-a-record"),
    ],
)
def test_results_faults_are_named(tmp_path: Path, content: object, message: str) -> None:
    gt = read_ground_truth(write(tmp_path / "gt.json", GOOD))
    with pytest.raises(PodiumError, match=message):
        read_results(write(tmp_path / "r.json", content), gt.images, gt.categories)


@pytest.mark.parametrize(
    ("name", "num_images", "num_boxes"),
    [
        ("trash-gt/train.json", 4883, 23144),
        ("trash-gt/test.json", 4871, 0),
        ("bccd/train.json", 292, 3941),
        ("coco-val2014-100/instances_val2014_100.json", 100, 839),
    ],
)
def test_real_files_are_read_whole(name: str, num_images: int, num_boxes: int) -> None:
    gt = read_ground_truth(shared_data(name))
    assert (len(gt.images), gt.num_boxes) == (num_images, num_boxes)
    assert np.array_equal(np.sort(gt.annotation_ids), np.unique(gt.annotation_ids))
