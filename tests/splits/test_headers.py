from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from custom.errors import PodiumError
from custom.splits import headers
from custom.splits.headers import (
    Header,
    check_headers,
    read_header,
    read_headers,
    size_fault,
    unclear_turn,
)
from custom.tables import Images
from custom.testing.toy_splits import save_scene


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def save(path: Path, size_wh: tuple[int, int] = (100, 60), orientation: int = 1) -> Path:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.new("RGB", size_wh).save(path, exif=exif)
    return path


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_loader_s_size_is_known_from_the_header(tmp_path: Path, orientation: int) -> None:
    """OpenCV, as MMCV uses it, turns by EXIF; with the flag it does not."""
    import cv2

    path = save(tmp_path / "a.jpg", orientation=orientation)
    header = read_header(path)
    assert header.size_hw() == cv2.imread(str(path), cv2.IMREAD_COLOR).shape[:2]
    flag = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    assert header.size_hw(upright=False) == cv2.imread(str(path), flag).shape[:2]


@pytest.mark.parametrize(
    ("orientation", "size_hw", "upright", "words"),
    [
        pytest.param(1, (60, 100), True, "", id="fits"),
        pytest.param(6, (100, 60), True, "", id="turned"),
        pytest.param(6, (60, 100), False, "", id="as stored"),
        pytest.param(6, (60, 100), True, "EXIF orientation is 6", id="stored size, turned"),
        pytest.param(6, (100, 60), False, "exchanged", id="turned size, as stored"),
        pytest.param(1, (100, 60), True, "exchanged", id="exchanged"),
        pytest.param(3, (100, 60), True, "exchanged", id="upside down"),
        pytest.param(1, (50, 50), True, "another size", id="other"),
    ],
)
def test_sizes_are_compared_as_loaded(
    orientation: int, size_hw: tuple[int, int], upright: bool, words: str
) -> None:
    fault = size_fault(Header(100, 60, orientation), size_hw, upright)
    assert words in fault
    assert bool(fault) == bool(words)


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_what_cannot_be_used_has_a_reason(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    save_scene(path, 0)
    assert read_header(path).fault == ""
    content = path.read_bytes()
    path.write_bytes(content[:-200])
    assert "truncated" in read_header(path).fault
    path.write_bytes(content + b"x" * 10_000)  # as cameras append
    assert read_header(path).fault == ""
    path.write_bytes(b"")
    assert read_header(path).fault == "it is no image"
    path.unlink()
    assert "No such file" in read_header(path).fault


def test_a_header_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [save(tmp_path / f"{i}.png").name for i in range(5)]
    seen: list[str] = []
    real = read_header
    monkeypatch.setattr(
        headers, "read_header", lambda path: (seen.append(Path(path).name), real(path))[1]
    )
    assert read_headers(tmp_path, names) == [Header(100, 60)] * 5
    assert sorted(seen) == names
    assert read_headers(tmp_path, names) == [Header(100, 60)] * 5
    assert len(seen) == 5
    save(tmp_path / "3.png", (60, 100))
    os.utime(tmp_path / "3.png", ns=(1, 1))
    (tmp_path / "4.png").unlink()
    again = read_headers(tmp_path, names)
    assert again[3] == Header(60, 100)
    assert "No such file" in again[4].fault
    assert seen[5:] == ["3.png", "4.png"]


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"0.png": 5, "1.png": {"stamp": [1, 2]}}'])
def test_a_broken_cache_is_read_over(tmp_path: Path, cache: Path, content: bytes) -> None:
    names = [save(tmp_path / f"{i}.png").name for i in range(2)]
    read_headers(tmp_path, names)
    (memory,) = (cache / "podium").iterdir()
    memory.write_bytes(content)
    assert read_headers(tmp_path, names) == [Header(100, 60)] * 2


def test_the_first_three_are_named(tmp_path: Path) -> None:
    names = tuple(save(tmp_path / f"{i}.png").name for i in range(6))
    images = Images(np.arange(6), names, np.array([[60, 100], *[[100, 60]] * 5]), "train.json")
    message = r"train.json: .* 5 of 6 are not:\n  .*1.png: .*\n  .*2.png: .*\n  .*\n  and 2 more"
    with pytest.raises(PodiumError, match=message):
        check_headers(tmp_path, images)


@pytest.mark.parametrize(
    ("size", "orientation", "unclear"),
    [((60, 60), 6, True), ((60, 60), 1, False), ((100, 60), 6, False), ((100, 60), 3, True)],
)
def test_a_turn_that_the_size_cannot_tell_is_said(
    size: tuple[int, int], orientation: int, unclear: bool
) -> None:
    said = unclear_turn(Header(*size, orientation))
    assert said.startswith(f"its EXIF orientation is {orientation}") == unclear
