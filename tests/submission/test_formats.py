from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.submission import FORMATS, read_submission, write_submission
from custom.submission.formats import format_for, format_of
from custom.tables import Categories, Images, Predictions

NAMES = ("test/a.jpg", "test/b.jpg", "test/c.jpg")
IMAGES = Images([7, 3, 5], NAMES, [[100, 200]] * 3, "test.json")


def categories_of(name: str) -> Categories:
    form = FORMATS[name]
    if form.classes is not None:
        return Categories((4, 2), ("opacity", "typical"))
    return (
        Categories((4, 2), ("metal", "paper")) if form.has_label else Categories((9,), ("wheat",))
    )


def predictions_for(name: str) -> Predictions:
    """Return two boxes on the first image, none on the second, one on the third."""
    labels = [1, 0, 1] if FORMATS[name].has_label else [0, 0, 0]
    bboxes = [[10.5, 20.25, 30.75, 40.0], [0, 0, 200, 100], [1, 2, 3, 5.5]]
    return Predictions.from_rows(IMAGES.ids, [0, 0, 2], bboxes, [0.5, 0.25, 1.0], labels)


# What each competition expects for `predictions_for`, written by hand from its description.
EXPECTED = {
    "trash": "PredictionString,image_id\n"
    "2 0.5 10.5 20.25 30.75 40.0 4 0.25 0.0 0.0 200.0 100.0 ,test/a.jpg\n"
    ",test/b.jpg\n"
    "2 1.0 1.0 2.0 3.0 5.5 ,test/c.jpg\n",
    "wheat": "image_id,PredictionString\n"
    "a,0.5 10.5 20.25 20.25 19.75 0.25 0.0 0.0 200.0 100.0\nb,\nc,1.0 1.0 2.0 2.0 3.5\n",
    "vinbigdata": "image_id,PredictionString\n"
    "a,2 0.5 10.5 20.25 30.75 40.0 4 0.25 0.0 0.0 200.0 100.0\n"
    "b,14 1 0 0 1 1\nc,2 1.0 1.0 2.0 3.0 5.5\n",
    "rsna": "patientId,PredictionString\n"
    "a,0.5 10.5 20.25 20.25 19.75 0.25 0.0 0.0 200.0 100.0\nb,\nc,1.0 1.0 2.0 2.0 3.5\n",
    "siim": "Id,PredictionString\n"
    "a,typical 0.5 10.5 20.25 30.75 40.0 opacity 0.25 0.0 0.0 200.0 100.0\n"
    "b,none 1 0 0 1 1\nc,typical 1.0 1.0 2.0 3.0 5.5\n",
    "gbr": "index,annotations\n"
    "0,0.5 10.5 20.25 20.25 19.75 0.25 0.0 0.0 200.0 100.0\n1,\n2,1.0 1.0 2.0 2.0 3.5\n",
}


def assert_same(found: Predictions, expected: Predictions) -> None:
    for column in ("image_ids", "offsets", "bboxes", "scores", "labels"):
        np.testing.assert_array_equal(getattr(found, column), getattr(expected, column))


# Those of labels are tested in test_label_files.py.
OF_BOXES = [name for name, form in FORMATS.items() if not form.holds_labels]


def test_every_format_is_tested() -> None:
    assert {*EXPECTED, "coco"} == set(OF_BOXES)


@pytest.mark.parametrize("name", EXPECTED)
def test_writes_what_the_competition_describes(name: str, tmp_path: Path) -> None:
    write_submission(tmp_path / "x.csv", predictions_for(name), IMAGES, categories_of(name), name)
    assert (tmp_path / "x.csv").read_text() == EXPECTED[name]


@pytest.mark.parametrize("name", OF_BOXES)
def test_round_trip(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{FORMATS[name].suffix}"
    expected, categories = predictions_for(name), categories_of(name)
    write_submission(path, expected, IMAGES, categories, name)
    assert_same(read_submission(path, name, IMAGES, categories), expected)


@pytest.mark.parametrize("name", OF_BOXES)
def test_round_trip_of_nothing_found(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{FORMATS[name].suffix}"
    write_submission(path, Predictions.empty(IMAGES.ids), IMAGES, categories_of(name), name)
    found = read_submission(path, name, IMAGES, categories_of(name))
    assert_same(found, Predictions.empty(IMAGES.ids))


@pytest.mark.parametrize("name", EXPECTED)
def test_reads_both_column_orders_and_any_space(name: str, tmp_path: Path) -> None:
    rows = [line.split(",") for line in EXPECTED[name].splitlines()]
    swapped = "\r\n".join(f"{b.strip()},{a.strip()}".replace(" 0.5 ", "  0.5 ") for a, b in rows)
    (tmp_path / "x.csv").write_bytes(b"\xef\xbb\xbf" + swapped.encode())
    found = read_submission(tmp_path / "x.csv", name, IMAGES, categories_of(name))
    assert_same(found, predictions_for(name))


@pytest.mark.parametrize("name", [name for name in EXPECTED if not FORMATS[name].has_label])
def test_format_without_class_refuses_several(name: str, tmp_path: Path) -> None:
    several = Categories.from_names(["a", "b"])
    with pytest.raises(PodiumError, match="there must be one class, but there are 2: a, b"):
        write_submission(tmp_path / "x.csv", predictions_for(name), IMAGES, several, name)
    assert not (tmp_path / "x.csv").exists()


def test_format_with_names_refuses_others(tmp_path: Path) -> None:
    others = Categories.from_names(["typical", "metal"])
    with pytest.raises(PodiumError, match=r"must be among negative, .* but there is 'metal'"):
        write_submission(tmp_path / "x.csv", predictions_for("siim"), IMAGES, others, "siim")


def test_rows_without_folder_must_be_unique(tmp_path: Path) -> None:
    images = Images([0, 1], ["x/a.jpg", "y/a.jpg"], [[9, 9]] * 2, "test.json")
    with pytest.raises(PodiumError, match=r"test.json: .* must be unique, but 'a' stands twice"):
        write_submission(
            tmp_path / "x.csv", Predictions.empty([0, 1]), images, categories_of("wheat"), "wheat"
        )


def test_unknown_format_is_named() -> None:
    with pytest.raises(PodiumError, match=r"must be one of trash, wheat, .* but is 'kaggle'"):
        format_of("kaggle")


def test_json_is_coco_whatever_the_format() -> None:
    assert format_for("runs/x.json", "trash") is FORMATS["coco"]
    assert format_for("runs/x.csv", "trash") is FORMATS["trash"]
