from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.submission import read_images, read_submission, read_submissions, write_submission
from custom.tables import Categories, Images, Predictions
from custom.testing import shared_data

HEADER = "PredictionString,image_id\n"
IMAGES = Images([10, 11], ["a.jpg", "b.jpg"], [[64, 64]] * 2, "test.json")
CATEGORIES = Categories((1, 2), ("metal", "paper"))


def written(folder: Path, text: str, name: str = "x.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "must be a CSV file with a header, but is empty", id="empty file"),
        pytest.param("image_id,boxes\na.jpg,\n", "header of format 'trash' must be", id="renamed"),
        pytest.param(
            ",PredictionString,image_id\n0,,a.jpg\n", r"to_csv\(index=False\)", id="saved index"
        ),
        pytest.param(HEADER + ",a.jpg\n,a.jpg\n", "unique, but 'a.jpg' is not", id="doubled"),
        pytest.param(HEADER + ",a.jpg\n", "misses 'b.jpg'", id="missing"),
        pytest.param(HEADER + ",a.jpg\n,b.jpg\n,c.jpg\n", "also has 'c.jpg'", id="surplus"),
        pytest.param(HEADER + ",a.jpg,1\n,b.jpg\n", "line 2 must have 2 cells", id="ragged"),
        pytest.param(
            HEADER + "1 .5 1 2 3 4,a.jpg\n1 .5 1 2 3,b.jpg\n",
            r"line 3 \(b.jpg\) must have 6 values a box .* but has 5 values in 10 characters",
            id="cut",
        ),
        pytest.param(
            HEADER + ",a.jpg\n1 .5 1 2 3 4 1 .5 1 nan 3 4,b.jpg\n",
            r"line 3 \(b.jpg\), box 2 must be finite numbers",
            id="nan",
        ),
        pytest.param(
            HEADER + "1 .5 1 2 3 x,a.jpg\n,b.jpg\n", "y2 must be a number, but is 'x'", id="word"
        ),
        pytest.param(
            HEADER + "1 .5 1 2 3 true,a.jpg\n,b.jpg\n", "but is 'true'", id="a word of JSON"
        ),
        pytest.param(
            HEADER + "1 .5 1 2 3 4 0 .5 1 2 3 4,a.jpg\n,b.jpg\n",
            r"line 2 \(a.jpg\), box 2: label must be one of 1, 2, but is 0 \(1 such",
            id="label of no class",
        ),
        pytest.param(HEADER + "1.5 .5 1 2 3 4,a.jpg\n,b.jpg\n", "but is 1.5", id="half a label"),
    ],
)
def test_refuses(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PodiumError, match=message):
        read_submission(written(tmp_path, text), "trash", IMAGES, CATEGORIES)


def test_follows_the_images_in_any_order_of_rows(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + "2 .5 1 2 3 4,b.jpg\n1 1e-3 +5 006 7. 8,a.jpg\n")
    found = read_submission(path, "trash", IMAGES, CATEGORIES)
    assert found.image_ids.tolist() == [10, 11]
    assert found.bboxes.tolist() == [[5, 6, 7, 8], [1, 2, 3, 4]]
    assert found.scores.tolist() == [0.001, 0.5]
    assert found.labels.tolist() == [0, 1]


def test_without_images_the_rows_are_the_images(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + "7 .5 1 2 3 4,b.jpg\n,a.jpg\n")
    found, images = read_submission(path), read_images(path, size_hw=(64, 48))
    assert found.image_ids.tolist() == [0, 1]
    assert found.labels.tolist() == [7]
    assert images.file_names == ("b.jpg", "a.jpg")
    assert images.sizes_hw.tolist() == [[64, 48]] * 2


def test_several_are_aligned_by_name(tmp_path: Path) -> None:
    one = written(tmp_path, HEADER + "1 .5 1 2 3 4,a.jpg\n,b.jpg\n", "one.csv")
    two = written(tmp_path, HEADER + ",b.jpg\n1 .9 1 2 3 4,a.jpg\n", "two.csv")
    models, images = read_submissions([one, two])
    assert images.file_names == ("a.jpg", "b.jpg")
    assert [model.offsets.tolist() for model in models] == [[0, 1, 1]] * 2


def test_several_with_other_images_are_refused(tmp_path: Path) -> None:
    one = written(tmp_path, HEADER + ",a.jpg\n,b.jpg\n", "one.csv")
    two = written(tmp_path, HEADER + ",a.jpg\n,c.jpg\n", "two.csv")
    with pytest.raises(PodiumError, match=r"two.csv must have .*one.csv, but misses 'b.jpg' \(1"):
        read_submissions([one, two])
    with pytest.raises(PodiumError, match="at least one submission"):
        read_submissions([])


def test_coco_results_need_the_images(tmp_path: Path) -> None:
    path = written(tmp_path, "[]", "x.json")
    with pytest.raises(PodiumError, match="do not say on which images nothing was found"):
        read_submission(path, "trash")
    with pytest.raises(PodiumError, match="the classes must be given"):
        read_submission(path, "trash", IMAGES)


def test_numbers_that_only_python_reads(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + "1 .5 1. +2 03 4e0,a.jpg\n,b.jpg\n")
    assert read_submission(path, "trash", IMAGES, CATEGORIES).bboxes.tolist() == [[1, 2, 3, 4]]


def test_cells_longer_than_the_csv_module_allows(tmp_path: Path) -> None:
    boxes = 8_000  # 25 characters each: 200,000, beyond the csv module's 131,072
    cell = "1 0.5 10.25 20.5 30.5 40.5 " * boxes
    assert len(cell) > csv.field_size_limit()
    for quoted in (cell, f'"{cell}"'):
        path = written(tmp_path, f"{HEADER}{quoted},a.jpg\n,b.jpg\n")
        found = read_submission(path, "trash", IMAGES, CATEGORIES)
        assert np.diff(found.offsets).tolist() == [boxes, 0]
        assert (found.bboxes == [10.25, 20.5, 30.5, 40.5]).all()


def test_names_with_a_comma_are_quoted(tmp_path: Path) -> None:
    images = Images([0], ['a,"b".jpg'], [[9, 9]])
    write_submission(tmp_path / "x.csv", Predictions.empty([0]), images, CATEGORIES, "trash")
    assert read_images(tmp_path / "x.csv").file_names == images.file_names


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        pytest.param("scores", [np.nan], "box 1 of image 10 must have finite numbers", id="nan"),
        pytest.param("labels", [2], r"must have a label 0..1, but is label 2", id="label"),
    ],
)
def test_write_refuses(tmp_path: Path, column: str, value: list, message: str) -> None:
    table = Predictions.from_rows([10, 11], [0], [[1, 2, 3, 4]], [0.5], [1])
    table = table.with_columns(**{column: np.array(value)})
    (tmp_path / "x.csv").write_text("old")
    with pytest.raises(PodiumError, match=message):
        write_submission(tmp_path / "x.csv", table, IMAGES, CATEGORIES, "trash")
    assert (tmp_path / "x.csv").read_text() == "old"


def test_write_refuses_images_that_no_one_looked_at(tmp_path: Path) -> None:
    with pytest.raises(PodiumError, match="misses 1 of them, the first with id 11"):
        write_submission(tmp_path / "x.csv", Predictions.empty([10]), IMAGES, CATEGORIES, "trash")


def test_numbers_are_kept_to_float32(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = Predictions.from_rows(
        [10, 11], [0] * 500, rng.uniform(0, 1024, (500, 4)), rng.uniform(0, 1, 500), [1] * 500
    )
    write_submission(tmp_path / "x.csv", table, IMAGES, CATEGORIES, "trash")
    found = read_submission(tmp_path / "x.csv", "trash", IMAGES, CATEGORIES)
    assert np.array_equal(found.bboxes.astype(np.float32), table.bboxes.astype(np.float32))
    assert np.abs(found.bboxes - table.bboxes).max() <= 2.0**-14  # a float32 step below 1024
    assert np.abs(found.scores - table.scores).max() <= 2.0**-24
    write_submission(tmp_path / "y.csv", found, IMAGES, CATEGORIES, "trash")
    assert (tmp_path / "x.csv").read_bytes() == (tmp_path / "y.csv").read_bytes()


def test_numbers_are_short(tmp_path: Path) -> None:
    """What arithmetic leaves in the last digits of a float64 is not written."""
    table = Predictions.from_rows([10, 11], [0], [[1 / 3, 0.1 + 0.2, 3, 4]], [0.7 + 0.1], [1])
    write_submission(tmp_path / "x.csv", table, IMAGES, CATEGORIES, "trash")
    assert (tmp_path / "x.csv").read_text().splitlines()[1] == "2 0.8 0.33333334 0.3 3.0 4.0 ,a.jpg"


@pytest.mark.parametrize("run", ["1", "2", "3", "4", "all"])
def test_real_submission_is_rewritten_byte_for_byte(run: str, tmp_path: Path) -> None:
    path = shared_data(f"predictions/test_cascade_swin_t_{run}.csv")
    images, classes = read_images(path), Categories.from_names([str(i) for i in range(10)])
    write_submission(tmp_path / "x.csv", read_submission(path), images, classes, "trash")
    assert (tmp_path / "x.csv").read_bytes() == path.read_bytes()


def test_real_submission_equals_a_naive_reading() -> None:
    path = shared_data("predictions/train_faster_rcnn.csv")
    found = read_submission(path)
    with open(path, newline="") as stream:
        cells = [row["PredictionString"].split() for row in csv.DictReader(stream)]
    expected = np.array(
        [list(map(float, cell[i : i + 6])) for cell in cells for i in range(0, len(cell), 6)]
    )
    assert found.num_boxes == 28_586
    np.testing.assert_array_equal(np.diff(found.offsets), [len(cell) // 6 for cell in cells])
    np.testing.assert_array_equal(found.labels, expected[:, 0])
    np.testing.assert_array_equal(found.scores, expected[:, 1])
    np.testing.assert_array_equal(found.bboxes, expected[:, 2:])
