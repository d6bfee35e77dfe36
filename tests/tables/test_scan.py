from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import orjson
import pytest

from custom.errors import PodiumError
from custom.files import read_json
from custom.tables import coco
from custom.tables.coco import ground_truth_of, read_ground_truth
from custom.tables.flat import fields_of, scan_records
from custom.tables.rows import positions_of

FIELDS = fields_of(("id", "bbox", "score"))


def numbers_of(texts: list[str]) -> np.ndarray:
    records = ",".join(f'{{"score":{text}}}' for text in texts)
    return scan_records(f"[{records}]".encode(), 0, FIELDS)[0][:, 5]


def test_numbers_are_those_of_float_to_the_last_bit() -> None:
    rng = np.random.default_rng(0)
    values = [*rng.random(4000), *rng.random(4000).astype(np.float32).astype(float)]
    values += [*(rng.random(4000) * 10.0 ** rng.integers(-3, 5, 4000)), *rng.normal(0, 1, 1000)]
    texts = [repr(float(value)) for value in values]
    texts += [f"{value:.17f}" for value in rng.random(4000)]
    texts += ["0", "-0.0", "0.00", "1e3", "1.5E-3", "2e+2", "9007199254740992", "0e9", "0.1e1"]
    # More than 2^53 as digits: what the quotient's correction is for.
    assert sum(len(text.replace(".", "").lstrip("0-")) >= 17 for text in texts) > 2000
    np.testing.assert_array_equal(numbers_of(texts), [float(text) for text in texts])


NO_NUMBERS = "01 1. .5 +1 - 1e 1e+ 0x1 NaN Infinity true [1] {} nul"
UNCERTAIN = "1234567890123456789 9007199254740993 1e400 1e-400"


@pytest.mark.parametrize("text", [*NO_NUMBERS.split(), *UNCERTAIN.split(), "1 2", '"1"', ""])
def test_what_is_no_number_or_not_certain_is_left_to_others(text: str) -> None:
    with pytest.raises(ValueError, match="not only of flat records"):
        numbers_of([text])


@pytest.mark.parametrize(
    ("text", "is_taken"),
    [
        pytest.param('[ {"id" : 1 , "x":"a","bbox": [1,2 ,3, 4] }\n]', True, id="spaces"),
        pytest.param("[]", True, id="empty"),
        pytest.param('[{"x":[ ],"id":1}]', True, id="an empty list"),
        pytest.param('[{"id":1,"id":2}]', False, id="a key twice"),
        pytest.param('[{"i\\u0064":1}]', False, id="an escape"),
        pytest.param('[{"id":1,}]', False, id="a comma too many"),
        pytest.param('[{"id":1},]', False, id="a comma behind"),
        pytest.param('[{"id":1} {"id":2}]', False, id="no comma"),
        pytest.param('[{"bbox":[1,2,3]}]', False, id="three numbers"),
        pytest.param('[{"bbox":[1,2,3,4,5]}]', False, id="five numbers"),
        pytest.param('[{"x":[[1]],"id":1}]', False, id="a mask"),
        pytest.param('[{"x":"\x01"}]', False, id="a control character"),
        pytest.param('[{"id":1}', False, id="cut off behind a record"),
        pytest.param('[{"id":', False, id="cut off in a record"),
        pytest.param('[{"id":1\x0b}]', False, id="no space of JSON"),
        pytest.param('{"id":1}', False, id="no list"),
    ],
)
def test_only_valid_flat_records_are_taken(text: str, is_taken: bool) -> None:
    if not is_taken:
        with pytest.raises(ValueError, match="not only of flat records"):
            scan_records(text.encode(), 0, FIELDS)
        return
    values, end = scan_records(text.encode(), 0, FIELDS)
    assert (len(values), end) == (len(orjson.loads(text)), len(text))


def test_each_text_that_is_cut_off_is_left_to_others() -> None:
    text = b'[{"id":12,"bbox":[1.5,2,3e1,4],"x":null,"y":"z"},{"id":3,"score":0.25}]'
    assert len(scan_records(text, 0, FIELDS)[0]) == 2
    for size in range(len(text)):
        with pytest.raises(ValueError, match="not only of flat records"):
            scan_records(text[:size], 0, FIELDS)


@pytest.mark.parametrize("ids", [[4, 2, 9], [10**12, -5, 2**53]], ids=["dense", "sparse"])
def test_positions(ids: list[int]) -> None:
    known = np.array(ids, np.int64)
    assert positions_of(known[[2, 0, 0, 1]].astype(float), known).tolist() == [2, 0, 0, 1]
    for wrong in (3.0, ids[0] + 0.5, 1e300, ids[2] + 1):
        with pytest.raises(ValueError, match="must be among"):
            positions_of(np.array([wrong]), known)


RECORDS = [
    {"id": 7, "image_id": 2, "category_id": 1, "bbox": [1, 2.5, 3, 4]},
    {"id": 3, "image_id": 1.0, "category_id": 5, "bbox": [0, 0, 9, 9], "area": 5, "iscrowd": 1},
    {"id": 9, "image_id": 2, "category_id": 5, "bbox": [4, 4, 2, 2], "area": None, "ignore": 1},
    {"id": 4, "image_id": 1, "category_id": 1, "bbox": [4, 4, 2, 2], "track_id": 6, "iscrowd": 0},
]


def write_coco(path: Path, records: list[dict], **others: object) -> Path:
    images = [{"id": i, "file_name": f"{i}é.jpg", "height": 20, "width": 30} for i in (2, 1)]
    categories = [{"id": 5, "name": "a"}, {"id": 1, "name": "b"}]
    content = {"annotations": records, "images": images, "categories": categories, **others}
    path.write_text(json.dumps(content))
    return path


def assert_equal_tables(one: object, other: object) -> None:
    names = ("offsets", "bboxes", "labels", "iscrowd", "area", "annotation_ids", "track_ids")
    for name in names:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


@pytest.mark.parametrize("info", [{}, {"annotations of": 1}, {"note": 'the "annotations" key'}])
def test_annotations_are_read_as_by_python(info: dict, tmp_path: Path) -> None:
    path = write_coco(tmp_path / "x.json", RECORDS, info=info)
    expected = ground_truth_of(read_json(path), path)
    assert_equal_tables(coco._scan_ground_truth(path), expected)
    assert expected.iscrowd.tolist() == [False, True, True, False]
    assert expected.area.tolist() == [12.0, 4.0, 5.0, 4.0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": 3}, "annotation ids must be unique, but 3 stands twice"),
        ({"id": 1.5}, "id of annotation 0 must be an integer"),
        ({"image_id": 8}, "image_id must name a known image, but 8 is none"),
        ({"category_id": True}, "category_id must name a known category, but True is none"),
        ({"bbox": [1, 2, 3]}, "bbox of annotation 0 must be four numbers"),
        ({"bbox": [1, 2, 0, 4]}, "must have a positive width and height"),
        ({"bbox": [1, 2, 300, 4]}, "must lie inside its image"),
        ({"area": -1}, "area of annotation 0 must be a number of 0 or more"),
        ({"iscrowd": 2}, "iscrowd of annotation 0 must be 0 or 1"),
    ],
)
@pytest.mark.parametrize("is_large", [False, True])
def test_each_message_stays(
    changes: dict, message: str, is_large: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_coco(tmp_path / "x.json", [RECORDS[0] | changes, *RECORDS[1:]])
    monkeypatch.setattr(coco, "is_worth_scanning", lambda num_bytes: is_large)
    with pytest.raises(PodiumError, match=f"{message}.*labels.py repair"):
        read_ground_truth(path)


def test_masks_and_texts_are_read_by_python(tmp_path: Path) -> None:
    records = [RECORDS[0] | {"segmentation": [[1, 2, 3, 4, 5, 6]]}, *RECORDS[1:]]
    path = write_coco(tmp_path / "x.json", records)
    with pytest.raises(ValueError, match="flat records"):
        coco._scan_ground_truth(path)
    assert_equal_tables(read_ground_truth(path), ground_truth_of(read_json(path), path))
