from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from custom.splits.duplicates import find_duplicates
from custom.splits.fingerprints import fingerprint_images
from custom.tables import Images
from custom.testing import shared_data

Picture = Image.Image


def crop(picture: Picture) -> Picture:
    """Cut 5% off, more on the left than on the right."""
    width, height = picture.size
    left, upper = width * 4 // 100, height // 100
    return picture.crop((left, upper, left + width * 95 // 100, upper + height * 95 // 100))


COPIES: dict[str, Callable[[Picture], Picture]] = {
    "resized": lambda p: p.resize((p.width // 2, p.height // 2)),
    "re-encoded": lambda p: p,
    "flipped": lambda p: p.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "upside down": lambda p: p.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    "turned": lambda p: p.transpose(Image.Transpose.ROTATE_90),
    "brighter": lambda p: ImageEnhance.Brightness(p).enhance(1.35),
    "darker": lambda p: ImageEnhance.Brightness(p).enhance(0.65),
    "contrast": lambda p: ImageEnhance.Contrast(p).enhance(1.3),
    "grey": lambda p: p.convert("L"),
    "cropped": crop,
}
# Fields of one blood smear that were photographed twice, looked at by eye.
TAKEN_TWICE = {frozenset({"BloodImage_00037.jpg", "BloodImage_00038.jpg"})}


def read_images(ann_file: Path, step: int = 1) -> list[tuple[Path, int, int]]:
    entries = json.loads(ann_file.read_text())["images"][::step]
    return [(ann_file.parent / e["file_name"], e["height"], e["width"]) for e in entries]


def groups_of(files: list[tuple[Path, int, int]]) -> list[set[Path]]:
    names = tuple(str(path) for path, _, _ in files)
    sizes_hw = np.array([size for _, *size in files])
    fingerprints = fingerprint_images("/", Images(np.arange(len(files)), names, sizes_hw, "test"))
    return [{files[i][0] for i in group} for group in find_duplicates(fingerprints)]


@pytest.mark.slow
def test_planted_copies_are_found_and_nothing_else(tmp_path: Path) -> None:
    originals = read_images(shared_data("trash-mini51/train.json"))
    copies = []
    kinds = list(COPIES)
    for index, (path, _, _) in enumerate(originals):
        with Image.open(path) as picture:
            kind = kinds[index % len(kinds)]
            copy = COPIES[kind](picture.convert("RGB"))
        target = tmp_path / f"{index}.jpg"
        copy.save(target, quality=60 if kind == "re-encoded" else 85)
        copies.append((target, copy.height, copy.width))
    groups = groups_of(originals + copies)
    expected = [{old[0], new[0]} for old, new in zip(originals, copies, strict=True)]
    assert len(groups) == 51
    assert [pair for pair in expected if pair not in groups] == []


@pytest.mark.slow
def test_different_photographs_are_kept_apart() -> None:
    """Blood smears look alike; the one group among them is one field photographed twice."""
    files = read_images(shared_data("trash-mini51/train.json"))
    files += read_images(shared_data("bccd/train.json"))
    found = {frozenset(path.name for path in group) for group in groups_of(files)}
    assert found == TAKEN_TWICE
