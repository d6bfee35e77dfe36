"""What a file has is told by its true cause, by the reader and by the checker alike."""

import codecs
from pathlib import Path

import pytest

from custom.errors import PodiumError
from custom.submission import check_submission, read_submission
from custom.submission.formats import format_for

ROWS = b"PredictionString,image_id\n0 0.5 1 2 30 40,a.jpg\n%b,b.jpg\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(ROWS % b"nan", "it is 'nan', as pandas and others write", id="nan"),
        pytest.param(ROWS % b"None", "it is 'None', as pandas and others write", id="None"),
        pytest.param(
            (ROWS % b"").replace(b",", b";"), "commas between its cells, but has semicolons",
            id="semicolons",
        ),
        pytest.param(
            (ROWS % b"").replace(b",", b"\t"), "commas between its cells, but has tabs", id="tabs"
        ),
        pytest.param(
            codecs.BOM_UTF16_LE + (ROWS % b"").decode().encode("utf-16-le"),
            "must be UTF-8, but is UTF-16", id="UTF-16",
        ),
    ],
)  # fmt: skip
def test_true_cause(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(PodiumError, match=message):
        read_submission(path)
    assert message in str(check_submission(path)[0])


def test_a_name_that_is_a_formula_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes((ROWS % b"").replace(b"b.jpg", b"=cmd()!A1"))
    (issue,) = [each for each in check_submission(path) if "formula" in each.message]
    assert issue.level == "warning"
    assert issue.where == "line 3 (=cmd()!A1)"
    path.write_bytes(ROWS % b"")
    assert not [each for each in check_submission(path) if "formula" in each.message]


@pytest.mark.parametrize("name", ["x.json", "x.JSON", "runs/X.Json"])
def test_a_suffix_in_capitals_is_json(name: str) -> None:
    assert format_for(name, "trash").name == "coco"


def test_an_underscore_makes_no_number(tmp_path: Path) -> None:
    """Python reads 1_0 as 10, and so did the reader."""
    path = tmp_path / "x.csv"
    path.write_bytes(ROWS % b"0 0.5 1_0 2 30 40")
    with pytest.raises(PodiumError, match="1_0"):
        read_submission(path)
