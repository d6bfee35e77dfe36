from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.tables import Categories, Images, Predictions, results
from custom.tables.coco import read_results, write_results

IMAGES = Images(range(5, 25), [f"{i}.jpg" for i in range(20)], [[64, 64]] * 20)
CATEGORIES = Categories((3, 1), ("a", "b"))
SMALL = 200  # bytes: two records


@pytest.fixture
def table() -> Predictions:
    rng = np.random.default_rng(0)
    columns = (rng.uniform(0, 64, (500, 4)), rng.uniform(0, 1, 500), rng.integers(0, 2, 500))
    return Predictions.from_rows(IMAGES.ids, rng.integers(0, 19, 500), *columns)


@pytest.fixture(params=["many parts", "one part", "large file"])
def _parts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 1 << 19 if request.param == "one part" else SMALL
    monkeypatch.setattr(results, "_PART_BYTES", size)
    monkeypatch.setattr(results, "_PART_BOXES", size)
    is_large = request.param == "large file"
    monkeypatch.setattr(results, "is_worth_scanning", lambda num_bytes: is_large)


def assert_same(found: Predictions, expected: Predictions) -> None:
    np.testing.assert_array_equal(found.offsets, expected.offsets)
    np.testing.assert_array_equal(found.labels, expected.labels)
    np.testing.assert_array_equal(found.scores, expected.scores)
    np.testing.assert_allclose(found.bboxes, expected.bboxes, rtol=0, atol=1e-12)


@pytest.mark.usefixtures("_parts")
@pytest.mark.parametrize("indent", [None, 2], ids=["compact", "indented"])
def test_round_trip(
    table: Predictions, indent: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(results, "_read_whole")  # parts are enough where nothing is wrong
    write_results(tmp_path / "x.json", table, CATEGORIES)
    content = json.loads((tmp_path / "x.json").read_text())
    assert content[0].keys() == {"image_id", "category_id", "bbox", "score"}
    (tmp_path / "x.json").write_text(json.dumps(content, indent=indent))
    assert_same(read_results(tmp_path / "x.json", IMAGES, CATEGORIES), table)


@pytest.mark.usefixtures("_parts")
def test_records_with_braces_inside(table: Predictions, tmp_path: Path) -> None:
    """Masks and text hold what looks like the border between two records."""
    write_results(tmp_path / "x.json", table, CATEGORIES)
    content = json.loads((tmp_path / "x.json").read_text())
    for record in content:
        record["segmentation"] = [{"size": [1, 2]}, {"counts": "}, {"}]
    (tmp_path / "x.json").write_text(json.dumps(content))
    assert_same(read_results(tmp_path / "x.json", IMAGES, CATEGORIES), table)


@pytest.mark.usefixtures("_parts")
def test_fault_far_into_the_file_is_named(table: Predictions, tmp_path: Path) -> None:
    write_results(tmp_path / "x.json", table, CATEGORIES)
    content = json.loads((tmp_path / "x.json").read_text())
    content[400]["bbox"] = [1, 2, 3]
    (tmp_path / "x.json").write_text(json.dumps(content))
    with pytest.raises(PodiumError, match="bbox of detection 400 must be four numbers"):
        read_results(tmp_path / "x.json", IMAGES, CATEGORIES)
    (tmp_path / "x.json").write_text(json.dumps(content)[:-1000])
    with pytest.raises(PodiumError, match="must be JSON, but is not"):
        read_results(tmp_path / "x.json", IMAGES, CATEGORIES)


@pytest.mark.parametrize("value", ["0.5", None])
def test_what_numpy_takes_for_a_number_is_refused(
    table: Predictions, value: object, tmp_path: Path
) -> None:
    write_results(tmp_path / "x.json", table, CATEGORIES)
    content = json.loads((tmp_path / "x.json").read_text())
    content[4]["score"] = value
    (tmp_path / "x.json").write_text(json.dumps(content))
    with pytest.raises(
        PodiumError, match=f"score of detection 4 must be a number, but is {value!r}"
    ):
        read_results(tmp_path / "x.json", IMAGES, CATEGORIES)


@pytest.mark.usefixtures("_parts")
@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("image_id", True, "image_id must name a known image, but True is none"),
        ("category_id", False, "category_id must name a known category, but False is none"),
        ("score", True, "score of detection 4 must be a number, but is True"),
        ("bbox", [1, 2, 3, True], "bbox of detection 4 must be four numbers"),
    ],
)
def test_true_and_false_are_no_numbers(
    table: Predictions, key: str, value: object, message: str, tmp_path: Path
) -> None:
    write_results(tmp_path / "x.json", table, CATEGORIES)
    content = json.loads((tmp_path / "x.json").read_text())
    content[4][key] = value
    content[5]["fits"] = True  # what another key holds does not matter
    (tmp_path / "x.json").write_text(json.dumps(content))
    with pytest.raises(PodiumError, match=message):
        read_results(tmp_path / "x.json", IMAGES, CATEGORIES)


@pytest.mark.parametrize("around", ["{} ", "1, "], ids=["object", "number"])
def test_something_around_the_list_is_refused(around: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(around + "[]")
    with pytest.raises(PodiumError, match="must be JSON"):
        read_results(tmp_path / "x.json", IMAGES, CATEGORIES)


def test_nothing_found(tmp_path: Path) -> None:
    write_results(tmp_path / "x.json", Predictions.empty(IMAGES.ids), CATEGORIES)
    assert json.loads((tmp_path / "x.json").read_text()) == []
    found = read_results(tmp_path / "x.json", IMAGES, CATEGORIES)
    assert (found.num_images, found.num_boxes) == (20, 0)


def test_what_json_cannot_say_is_not_written(table: Predictions, tmp_path: Path) -> None:
    scores = table.scores.copy()
    scores[int(table.offsets[3])] = np.nan
    with pytest.raises(PodiumError, match="1 boxes are not, the first on image 8"):
        write_results(tmp_path / "x.json", table.with_columns(scores=scores), CATEGORIES)
    assert not (tmp_path / "x.json").exists()
