from __future__ import annotations

import json
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from custom.splits import make_split, read_labelled
from custom.splits.duplicates import find_duplicates
from custom.splits.fingerprints import (
    THUMB_SIDE,
    Fingerprints,
    fingerprint_images,
    orient,
    perceptual_hash,
)
from custom.splits.names import ROBOFLOW_KEY
from custom.tables import Images
from custom.testing import shared_data
from custom.testing.toy_splits import coco, scene

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
    return [{files[i][0] for i in group} for group in find_duplicates(fingerprints).groups]


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


def letterbox(picture: Picture) -> Picture:
    framed = Image.new("RGB", (480, 640))
    framed.paste(picture.convert("RGB").resize((480, 360)), (0, 140))
    return framed


def vignette(picture: Picture) -> Picture:
    y, x = np.mgrid[:360, :480]
    inside = ((x - 240) / 240) ** 2 + ((y - 180) / 180) ** 2 < 1
    return Image.fromarray(
        np.asarray(picture.convert("RGB").resize((480, 360))) * inside[..., None]
    )


@pytest.mark.slow
@pytest.mark.parametrize("frame", [letterbox, vignette])
def test_a_common_frame_does_not_make_copies(
    tmp_path: Path, frame: Callable[[Picture], Picture]
) -> None:
    files, expected = [], set()
    for index, (path, _, _) in enumerate(read_images(shared_data("trash-mini51/train.json"))):
        with Image.open(path) as picture:
            versions = [frame(picture)]
        if index % 3 == 0:
            versions.append(list(COPIES.values())[index // 3 % len(COPIES)](versions[0]))
        names = [tmp_path / f"{index}-{k}.jpg" for k in range(len(versions))]
        for name, version in zip(names, versions, strict=True):
            version.save(name, quality=85)
            files.append((name, version.height, version.width))
        if len(names) == 2:
            expected.add(frozenset(names))
    found = {frozenset(group) for group in groups_of(files)}
    pairs = {frozenset(pair) for group in found for pair in combinations(sorted(group), 2)}
    assert len(expected) == 17
    assert len(pairs & expected) >= 0.75 * len(expected)
    assert len(pairs & expected) >= 0.9 * len(pairs)


def test_the_bars_of_a_letterbox_are_not_compared(tmp_path: Path) -> None:
    files = []
    for seed in range(6):
        path = tmp_path / f"{seed}.jpg"
        letterbox(scene(seed)).save(path)
        files.append((path, 640, 480))
    assert groups_of(files) == []


def test_a_chain_longer_than_a_fold_is_not_joined_without_being_asked() -> None:
    """Each picture is a step from the next; the first and the last have nothing in common."""
    rng = np.random.default_rng(0)
    ends = rng.integers(0, 255, (9, THUMB_SIDE, THUMB_SIDE)).astype(float)
    ends = np.stack([gaussian(end) for end in ends])
    steps = np.linspace(0, 8, 80, endpoint=False)
    thumbs = np.stack([(1 - s % 1) * ends[int(s)] + s % 1 * ends[int(s) + 1] for s in steps])
    thumbs = thumbs.astype(np.uint8)
    hashes = np.stack([[perceptual_hash(orient(t, k)) for k in range(8)] for t in thumbs])
    names = tuple(f"{i:016d}" for i in range(80))
    fingerprints = Fingerprints(names, hashes.astype(np.uint64), thumbs)
    asked = find_duplicates(fingerprints, 5, join_chains=True)
    assert max(map(len, asked.groups)) > 80 / 5
    found = find_duplicates(fingerprints, 5)
    assert found.chained > 80 / 5
    assert max(map(len, found.groups), default=0) <= 80 / 5


def gaussian(pixels: np.ndarray) -> np.ndarray:
    """Return smooth noise that fills the range of grey levels."""
    picture = Image.fromarray(pixels.astype(np.uint8)).filter(ImageFilter.GaussianBlur(6))
    values = np.asarray(picture, float)
    return (values - values.min()) / np.ptp(values) * 255


@pytest.mark.parametrize(
    ("names", "offered"),
    [
        pytest.param(["a_jpg.rf.0f3.jpg", "a_jpg.rf.9aB.jpg", "b_png.rf.1.jpg"], True, id="copies"),
        pytest.param(["a_jpg.rf.0f3.jpg", "b_jpg.rf.9aB.jpg", "c.jpg"], False, id="one each"),
    ],
)
def test_copies_by_roboflow_are_offered_as_groups(
    tmp_path: Path, names: list[str], offered: bool
) -> None:
    path = tmp_path / "train.json"
    boxes = [(i, 0, 10, 10, 50, 50) for i in range(3)]
    path.write_text(json.dumps(coco(3, boxes, names=names)))
    gt = read_labelled(path)
    issues = " ".join(make_split(gt, 2).issues)
    assert ("copies of 1 pictures (2 of a)" in issues) == offered
    draft = make_split(gt, 2, group_by=ROBOFLOW_KEY)
    assert "Roboflow" not in " ".join(draft.issues)
    assert (draft.groups[0] == draft.groups[1]) == offered


@pytest.mark.slow
def test_different_photographs_are_kept_apart() -> None:
    """Blood smears look alike; the one group among them is one field photographed twice."""
    files = read_images(shared_data("trash-mini51/train.json"))
    files += read_images(shared_data("bccd/train.json"))
    found = {frozenset(path.name for path in group) for group in groups_of(files)}
    assert found == TAKEN_TWICE
