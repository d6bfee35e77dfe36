from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from custom.errors import PodiumError
from custom.splits.digests import content_digest
from custom.splits.fingerprints import (
    ORIENTATIONS,
    fingerprint_images,
    orient,
    pairs_within,
    perceptual_hash,
)
from custom.splits.names import images_folder
from custom.tables import Images
from custom.testing.toy_splits import save_scene, scene

NAMES = ("train/0.jpg", "train/1.jpg", "train/2.jpg")


@pytest.fixture
def images(tmp_path: Path) -> Images:
    for seed, name in enumerate(NAMES):
        save_scene(tmp_path / name, seed)
    return Images(np.arange(3), NAMES, np.full((3, 2), 200), "train.json")


def test_two_processes_see_what_one_sees(images: Images, tmp_path: Path) -> None:
    one, two = (fingerprint_images(tmp_path, images, workers) for workers in (1, 2))
    assert one.contents == two.contents == tuple(content_digest(tmp_path / n) for n in NAMES)
    np.testing.assert_array_equal(one.hashes, two.hashes)
    np.testing.assert_array_equal(one.thumbs, two.thumbs)


def test_every_image_is_tracked(images: Images, tmp_path: Path) -> None:
    seen: list[int] = []
    fingerprint_images(tmp_path, images, 1, lambda items, total: (seen.append(total), items)[1])
    assert seen == [3]


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-500])


def blank(path: Path) -> None:
    path.write_bytes(b"")


def resize(path: Path) -> None:
    Image.new("RGB", (200, 100)).save(path)


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        pytest.param(Path.unlink, "No such file", id="missing"),
        pytest.param(truncate, "truncated", id="truncated"),
        pytest.param(blank, "not an image", id="empty"),
        pytest.param(resize, "annotated as 200x200, but the file is 200x100", id="size"),
    ],
)
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_broken_images_are_named(break_it, reason: str, suffix: str, tmp_path: Path) -> None:
    names = tuple(f"{seed}.{suffix}" for seed in range(3))
    for seed, name in enumerate(names):
        save_scene(tmp_path / name, seed)
    break_it(tmp_path / names[1])
    images = Images(np.arange(3), names, np.full((3, 2), 200), "train.json")
    path = re.escape(str(tmp_path / names[1]))
    with pytest.raises(PodiumError, match=rf"must be whole, but 1 are not.*\n  {path}: .*{reason}"):
        fingerprint_images(tmp_path, images)


def photograph(path: Path, orientation: int) -> Images:
    """Write a stored picture of 100x60 with an EXIF orientation; annotated as 60x100."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.new("RGB", (100, 60)).save(path / "a.jpg", exif=exif)
    return Images(np.arange(1), ("a.jpg",), np.array([[100, 60]]), "train.json")


def test_a_turned_photograph_is_annotated_as_it_is_seen(tmp_path: Path) -> None:
    fingerprints = fingerprint_images(tmp_path, photograph(tmp_path, 6))
    assert len(fingerprints.contents) == 1
    assert fingerprints.notes == ()


def test_exchanged_sides_are_refused(tmp_path: Path) -> None:
    message = "annotated as 60x100, but the file is 100x60: width and height .* exchanged"
    with pytest.raises(PodiumError, match=message):
        fingerprint_images(tmp_path, photograph(tmp_path, 1))


def test_the_size_as_stored_is_noted_with_both_ways_out(tmp_path: Path) -> None:
    images = photograph(tmp_path, 8)
    stored = Images(images.ids, images.file_names, np.array([[60, 100]]), images.source)
    (note,) = fingerprint_images(tmp_path, stored).notes
    assert "annotated as 100x60, but the file is 60x100 as it is seen" in note
    assert "EXIF orientation is 8" in note
    assert "correct width and height" in note
    assert "color_ignore_orientation" in note


def test_images_are_found_beside_the_annotations(images: Images, tmp_path: Path) -> None:
    ann_file = tmp_path / "train.json"
    assert images_folder(ann_file, images, None) == tmp_path
    assert images_folder(tmp_path / "elsewhere" / "train.json", images, None) is None
    assert images_folder(ann_file, images, tmp_path / "train") == tmp_path / "train"
    with pytest.raises(PodiumError, match="--images must be a folder"):
        images_folder(ann_file, images, tmp_path / "nowhere")


def test_orientations_are_eight_and_the_first_is_as_is() -> None:
    pixels = np.arange(9).reshape(3, 3)
    np.testing.assert_array_equal(orient(pixels, 0), pixels)
    assert len({orient(pixels, turn).tobytes() for turn in range(ORIENTATIONS)}) == 8


def mirrored(pixels: np.ndarray) -> np.ndarray:
    return np.concatenate([pixels, pixels[:, ::-1]], axis=1)


PICTURES = {
    "flat": np.full((64, 64), 114, np.uint8),
    "stripes": np.tile(np.arange(64, dtype=np.uint8) % 7 * 30, (64, 1)),
    "corner": np.kron([[0, 0], [0, 200]], np.ones((32, 32))).astype(np.uint8),
    "mirrored": mirrored(np.random.default_rng(1).integers(0, 256, (64, 32)).astype(np.uint8)),
    **{f"scene {seed}": np.asarray(scene(seed, 64).convert("L")) for seed in range(20)},
}


@pytest.mark.parametrize("pixels", PICTURES.values(), ids=PICTURES)
def test_hashes_equal_those_of_imagehash(pixels: np.ndarray) -> None:
    imagehash = pytest.importorskip("imagehash")
    for turn in range(ORIENTATIONS):
        turned = np.ascontiguousarray(orient(pixels, turn))
        expected = int(str(imagehash.phash(Image.fromarray(turned))), 16)
        assert perceptual_hash(turned) == expected


def test_a_hash_by_hand() -> None:
    # Where brightness grows to the right, the mean is large, the odd cosines along x are negative
    # and all others are zero, as their median is.
    ramp = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (64, 1))
    assert perceptual_hash(ramp) == 1 << 63
    assert perceptual_hash(ramp[:, ::-1]) == int("11010101", 2) << 56


@pytest.mark.parametrize("radius", [0, 1, 3])
@pytest.mark.parametrize("block", [2, 128])
def test_pairs_within_equal_a_loop(radius: int, block: int) -> None:
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 16, (30, 8)).astype(np.uint64)
    expected = {
        (i, j)
        for i in range(30)
        for j in range(i + 1, 30)
        if min(bin(int(hashes[i, 0] ^ hashes[j, t])).count("1") for t in range(8)) <= radius
    }
    found = pairs_within(hashes, radius, block)
    assert {(int(i), int(j)) for i, j, _ in found} == expected
    assert len(found) == len(expected) > 0
    for i, j, turn in found:
        assert bin(int(hashes[i, 0] ^ hashes[j, turn])).count("1") <= radius


def test_no_images_have_no_pairs() -> None:
    assert pairs_within(np.zeros((0, 8), np.uint64), 5).shape == (0, 3)
