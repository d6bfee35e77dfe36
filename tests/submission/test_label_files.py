"""Submissions of labels of whole images: a row an image, a column a class."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.files import write_json
from custom.submission import read_submission, write_submission
from custom.submission.checker import check_submission
from custom.submission.reader import read_images
from custom.tables import Categories, Images, Predictions
from tools import ensemble, submit

NAMES = ("test/a.jpg", "test/b.jpg", "test/c.jpg")
IMAGES = Images([7, 3, 5], NAMES, [[100, 200]] * 3, "test.json")
CLASSES = Categories((4, 2), ("open", "close"))
WHOLE = [0.0, 0.0, 200.0, 100.0]
TEXT = "image,open,close\ntest/a.jpg,0.25,1\ntest/b.jpg,0,0.5\ntest/c.jpg,0.75,0\n"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def _write(text: str, name: str = "x.csv") -> Path:
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return _write


def table(image_index: list[int], labels: list[int], scores: list[float]) -> Predictions:
    return Predictions.from_rows(
        IMAGES.ids, image_index, [WHOLE] * len(labels), scores, labels, source="runs/x.json"
    )


def test_probabilities_by_hand(tmp_path: Path) -> None:
    # What is missing is 0; of two boxes of a class the better one counts.
    predictions = table([0, 0, 1, 2, 2], [0, 1, 1, 0, 0], [0.25, 1.0, 0.5, 0.75, 0.5])
    write_submission(tmp_path / "x.csv", predictions, IMAGES, CLASSES, "labels")
    assert (tmp_path / "x.csv").read_text() == TEXT
    write_submission(tmp_path / "y.csv", predictions, IMAGES, CLASSES, "labels01")
    assert (tmp_path / "y.csv").read_text().splitlines()[1:] == [
        "test/a.jpg,1,1", "test/b.jpg,0,1", "test/c.jpg,1,0",
    ]  # fmt: skip


def test_what_is_written_is_read(write: Callable[..., Path]) -> None:
    shuffled = "close,image,open\n0,test/c.jpg,0.75\n1,test/a.jpg,0.25\n0.5,test/b.jpg,0\n"
    for text in (TEXT, shuffled):
        found = read_submission(write(text), "labels", IMAGES, CLASSES)
        assert found.image_ids.tolist() == [7, 3, 5]
        assert found.offsets.tolist() == [0, 2, 4, 6]
        assert found.labels.tolist() == [0, 1] * 3
        assert found.scores.tolist() == [0.25, 1, 0, 0.5, 0.75, 0]
        assert (found.bboxes == WHOLE).all()
    alone = read_submission(write(TEXT), "labels")
    assert (alone.bboxes == [0, 0, 1, 1]).all()
    assert read_images(write(TEXT), "labels").file_names == NAMES


def test_boxes_of_parts_are_no_labels(tmp_path: Path) -> None:
    part = Predictions.from_rows(IMAGES.ids, [1], [[0, 0, 50, 100]], [0.5], [0])
    with pytest.raises(PodiumError, match=r"must cover its image \(200x100\).*test/b.jpg"):
        write_submission(tmp_path / "x.csv", part, IMAGES, CLASSES, "labels")
    assert not (tmp_path / "x.csv").exists()


BAD = {
    "a class lacks": ("image,open\ntest/a.jpg,1\n", "columns must be image,open,close, but"),
    "another column": (TEXT.replace("open", "opened"), "columns must be image,open,close, but"),
    "an image lacks": (TEXT.replace("test/b.jpg,0,0.5\n", ""), r"'test/b.jpg' has none"),
    "an image twice": (TEXT + "test/a.jpg,0,0\n", "must have one row, but 'test/a.jpg'"),
    "another order": (TEXT.replace("/a", "/x").replace("/b", "/a").replace("/x", "/b"), "in the o"),
    "a word": (TEXT.replace("0.25", "often"), "line 2: 'open' must be a finite number.*often"),
    "not finite": (TEXT.replace("0.25", "nan"), "line 2: 'open' must be a finite number.*nan"),
    "percent": (TEXT.replace("0.75", "75"), r"score must be in \[0, 1\], but is 75"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_the_checker_blocks_bad_files(write: Callable[..., Path], text: str, message: str) -> None:
    issues = check_submission(write(text), "labels", IMAGES, CLASSES)
    assert [issue.level for issue in issues[:1]] == ["error"]
    assert re.search(message, str(issues[0]))


def test_a_good_file_passes(write: Callable[..., Path]) -> None:
    assert not check_submission(write(TEXT), "labels", IMAGES, CLASSES)
    constant = TEXT.replace("0.25", "0").replace("0.75", "0")
    (issue,) = check_submission(write(constant), "labels", IMAGES, CLASSES)
    assert (issue.level, "open (0)" in issue.message) == ("warning", True)


def test_yes_and_no_must_be_decided(write: Callable[..., Path]) -> None:
    assert "must be 0 or 1" in str(check_submission(write(TEXT), "labels01", IMAGES, CLASSES)[0])
    ones = "image,open,close\n" + "".join(f"{name},1,1\n" for name in NAMES)
    (issue,) = check_submission(write(ones), "labels01", IMAGES, CLASSES)
    assert issue.level == "error"
    assert "nothing was decided" in issue.message


def test_two_files_are_averaged_checked_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    images = [{"id": i, "file_name": f"{i}.jpg", "height": 100, "width": 200} for i in range(12)]
    categories = [{"id": k, "name": name} for k, name in enumerate(CLASSES.names)]
    write_json("test.json", {"images": images, "categories": categories})
    probabilities = rng.uniform(0.01, 0.99, (2, 12, 2)).round(3)
    for name, rows in zip("ab", probabilities.tolist(), strict=True):
        lines = [f"{i}.jpg,{p},{q}" for i, (p, q) in enumerate(rows)]
        Path(f"{name}.csv").write_text("\n".join(["image,open,close", *lines]) + "\n")
    argv = ["a.csv", "b.csv", "--images", "test.json", "--format", "labels", "--method", "wbf"]
    assert ensemble.main([*argv, "--name", "x"]) == 0, capsys.readouterr().out
    listed = read_images("submissions/x.csv", "labels")
    fused = read_submission("submissions/x.csv", "labels", listed)
    np.testing.assert_allclose(fused.scores.reshape(12, 2), probabilities.mean(axis=0), atol=1e-6)
    given = ["--format", "labels", "--images", "test.json"]
    assert submit.main(["--check", "submissions/x.csv", *given]) == 0
