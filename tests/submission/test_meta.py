from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from custom.errors import PodiumError
from custom.submission.meta import Meta, ValEntry, meta_file_of, read_meta, write_meta

META = Meta(
    runs=("a", "b"),
    recipe={"configs": [{"method": "wbf"}], "clip": False},
    split_hash="f" * 64,
    val=ValEntry("wheat", 0.45, (0.4, 0.5), {"a": 0.44, "b": None}),
    inputs_hash="1",
    extra={"sent_by": "Kim"},
)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    assert read_meta(tmp_path / "x.csv") == Meta()
    write_meta(tmp_path / "x.csv", META, "2", csv="2", json="3")
    found = read_meta(tmp_path / "x.json", "2")
    assert (found.runs, found.recipe, found.val) == (META.runs, META.recipe, META.val)
    assert (found.hash, found.hashes, found.extra) == ("2", {"csv": "2", "json": "3"}, META.extra)
    with pytest.raises(
        PodiumError, match=r"x\.csv must be the file that .*x\.meta\.json describes"
    ):
        read_meta(tmp_path / "x.csv", "4")


def test_the_score_of_older_records_is_read(tmp_path: Path) -> None:
    old = {"runs": ["a"], "val": {"mAP50": 0.5, "interval": [0.4, 0.6], "singles": {"a": 0.4}}}
    meta_file_of(tmp_path / "x.csv").write_text(json.dumps(old))
    val = read_meta(tmp_path / "x.csv").val
    assert val == ValEntry("AP50", 0.5, (0.4, 0.6), {"a": 0.4})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], r" must be an object, but is \[\]"),
        (None, " must be an object, but is None"),
        ({"runs": [1]}, r": runs\[0\] must be a text, but is 1"),
        ({"runs": "a"}, ": runs must be a list, but is 'a'"),
        ({"val": "0.5"}, ": val must be an object or null, but is '0.5'"),
        ({"val": {"mAP50": "0.5"}}, r": val\.value must be a number or null, but is '0.5'"),
        ({"val": {"interval": [0.1]}}, r": val\.interval must be a list of 2 or null"),
    ],
)
def test_a_record_of_another_kind_is_refused(tmp_path: Path, content: Any, message: str) -> None:
    meta_file_of(tmp_path / "x.csv").write_text(json.dumps(content))
    with pytest.raises(PodiumError, match=rf"x\.meta\.json{message}"):
        read_meta(tmp_path / "x.csv")
