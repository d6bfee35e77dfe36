"""Where file names lead."""

from __future__ import annotations

import logging
import os
import unicodedata
from pathlib import Path

import pytest

from custom.errors import PodiumError
from custom.image_files import _say_once, find_images, read_image_bytes

HANGUL = "\uac00\ub098.jpg"


@pytest.mark.parametrize(
    ("name", "file", "how"),
    [
        pytest.param("train/a.jpg", "train/a.jpg", "", id="as written"),
        pytest.param(
            HANGUL, unicodedata.normalize("NFD", HANGUL), "Unicode form", id="NFD on disk"
        ),
        pytest.param("train\\a.jpg", "train/a.jpg", "backslashes", id="backslash"),
        pytest.param("photo%200.jpg", "photo 0.jpg", "escapes of a URL", id="URL"),
        pytest.param("A.JPG", "a.jpg", "in other case", id="case"),
        pytest.param("a.jpg", "train2017/a.jpg", "in another folder", id="base name"),
    ],
)
def test_a_name_is_found_as_it_is_meant(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, file: str, how: str
) -> None:
    _say_once.cache_clear()
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    with caplog.at_level(logging.WARNING):
        found = find_images(tmp_path, [name])
        find_images(tmp_path, [name])
    assert found.paths == (path,)
    assert found.missing == ()
    assert len(caplog.messages) == (how != "")
    assert how in caplog.text


def test_what_two_files_could_mean_is_missing(tmp_path: Path) -> None:
    for folder in ("train", "test"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.jpg").write_bytes(b"x")
    found = find_images(tmp_path, ["a.jpg", "none.jpg"])
    assert found.missing == ("a.jpg", "none.jpg")
    assert found.paths == (tmp_path / "a.jpg", tmp_path / "none.jpg")


@pytest.mark.parametrize("name", ["../a.jpg", "/etc/passwd", "train/../../a.jpg", "..\\a.jpg"])
def test_names_that_lead_out_of_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PodiumError, match=r"must lie below .* but one is"):
        find_images(tmp_path / "data", [name])
    (tmp_path / "data").mkdir()
    (tmp_path / "a.jpg").write_bytes(b"x")
    outside = find_images(tmp_path / "data", ["../a.jpg"], allow_outside=True)
    assert outside.missing == ()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_pipe_is_no_image(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert find_images(tmp_path, ["pipe.jpg"]).missing == ("pipe.jpg",)
    for path in (tmp_path / "pipe.jpg", Path("/dev/zero")):
        with pytest.raises(OSError, match="not a regular file"):
            read_image_bytes(path)
