from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from custom.errors import PodiumError
from custom.review.draw.thumbnails import (
    BYTES_AS_IT_IS,
    FOLDER,
    LARGE_SIDE,
    SMALL_SIDE,
    make_pictures,
    names_of,
)
from custom.tables import Images

RED, BLUE = (200, 30, 30), (30, 30, 200)


def images_of(names: list[str], sizes_wh: list[tuple[int, int]]) -> Images:
    sizes_hw = np.array(sizes_wh)[:, ::-1]
    return Images(np.arange(len(names)), tuple(names), sizes_hw, "train.json")


def half_and_half(width: int, height: int) -> Image.Image:
    """Red above, blue below."""
    picture = Image.new("RGB", (width, height), RED)
    picture.paste(BLUE, (0, height // 2, width, height))
    return picture


def make(tmp_path: Path, names: list[str], sizes_wh: list[tuple[int, int]]) -> list[Image.Image]:
    """Return the small and the large picture of the first image."""
    images = images_of(names, sizes_wh)
    keys = make_pictures(tmp_path / "review", tmp_path, images, [0], tmp_path / "cache")
    return [Image.open(tmp_path / "review" / FOLDER / name) for name in names_of(keys[0])]


def is_near(pixel: object, colour: tuple[int, int, int]) -> bool:
    return bool(np.abs(np.subtract(pixel, colour)).max() < 30)


def test_large_images_get_two_sizes(tmp_path: Path) -> None:
    half_and_half(1600, 1200).save(tmp_path / "a.jpg")
    small, large = make(tmp_path, ["a.jpg"], [(1600, 1200)])
    assert small.size == (SMALL_SIDE, SMALL_SIDE * 3 // 4)
    assert large.size == (LARGE_SIDE, LARGE_SIDE * 3 // 4)
    for picture in (small, large):
        assert is_near(picture.getpixel((10, 10)), RED)
        assert is_near(picture.getpixel((10, picture.height - 10)), BLUE)


def test_a_small_jpeg_is_shown_as_it_is(tmp_path: Path) -> None:
    half_and_half(400, 300).save(tmp_path / "a.jpg")
    small, large = make(tmp_path, ["a.jpg"], [(400, 300)])
    assert Path(str(large.filename)).read_bytes() == (tmp_path / "a.jpg").read_bytes()
    assert small.size == (320, 240)


def test_a_heavy_jpeg_is_made_lighter(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (600, 600, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.jpg", quality=100)
    _, large = make(tmp_path, ["a.jpg"], [(600, 600)])
    made = Path(str(large.filename)).stat().st_size
    assert (tmp_path / "a.jpg").stat().st_size > BYTES_AS_IT_IS
    assert made < (tmp_path / "a.jpg").stat().st_size / 2
    assert large.size == (600, 600)


@pytest.mark.parametrize(
    ("size_wh", "expected", "top"),
    [
        pytest.param((300, 400), (300, 400), RED, id="annotated as it is seen"),
        pytest.param((400, 300), (400, 300), RED, id="annotated as it is stored"),
    ],
)
def test_a_turned_photograph_lies_as_annotated(
    tmp_path: Path, size_wh: tuple[int, int], expected: tuple[int, int], top: tuple[int, int, int]
) -> None:
    picture = half_and_half(400, 300)
    exif = picture.getexif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    picture.save(tmp_path / "a.jpg", exif=exif)
    _, large = make(tmp_path, ["a.jpg"], [size_wh])
    assert large.size == expected
    # A browser must not turn it once more.
    assert 0x0112 not in large.getexif()
    corner = (large.width - 10, 10)
    assert is_near(large.getpixel(corner), top)
    assert is_near(large.getpixel((10, large.height - 10)), BLUE)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "I;16", "1"])
def test_all_kinds_of_pixels_become_jpegs(tmp_path: Path, mode: str) -> None:
    name = "a.tif" if mode == "CMYK" else "a.png"
    if mode == "I;16":
        ramp = np.linspace(1000, 5000, 64 * 48).astype(np.uint16).reshape(48, 64)
        picture = Image.fromarray(ramp)
    else:
        picture = Image.linear_gradient("L").resize((64, 48)).convert(mode)
    picture.save(tmp_path / name)
    small, large = make(tmp_path, [name], [(64, 48)])
    assert (small.format, large.format, large.mode) == ("JPEG", "JPEG", "RGB")
    values = np.asarray(large.convert("L"))
    assert values[0].mean() < 60 < 200 < values[-1].mean()


def test_a_second_review_makes_no_picture_again(tmp_path: Path) -> None:
    half_and_half(1600, 1200).save(tmp_path / "a.jpg")
    images, cache = images_of(["a.jpg"], [(1600, 1200)]), tmp_path / "cache"
    first = make_pictures(tmp_path / "one", tmp_path, images, [0], cache)
    made = {path.name: path.stat().st_mtime_ns for path in cache.iterdir()}
    second = make_pictures(tmp_path / "two", tmp_path, images, [0], cache)
    assert first == second
    assert {path.name: path.stat().st_mtime_ns for path in cache.iterdir()} == made
    assert len(made) == 2
    assert {path.name for path in (tmp_path / "two" / FOLDER).iterdir()} == set(made)


def test_a_changed_image_gets_new_pictures(tmp_path: Path) -> None:
    images, cache = images_of(["a.png"], [(40, 30)]), tmp_path / "cache"
    Image.new("RGB", (40, 30), RED).save(tmp_path / "a.png")
    make_pictures(tmp_path / "one", tmp_path, images, [0], cache)
    Image.new("RGB", (40, 30), BLUE).save(tmp_path / "a.png")
    os.utime(tmp_path / "a.png", ns=(1, 1))
    keys = make_pictures(tmp_path / "two", tmp_path, images, [0], cache)
    with Image.open(tmp_path / "two" / FOLDER / names_of(keys[0])[1]) as picture:
        assert is_near(picture.getpixel((5, 5)), BLUE)


def test_a_review_keeps_its_pictures_without_the_cache(tmp_path: Path) -> None:
    half_and_half(1600, 1200).save(tmp_path / "a.jpg")
    images = images_of(["a.jpg"], [(1600, 1200)])
    keys = make_pictures(tmp_path / "review", tmp_path, images, [0], None)
    own = {path.name for path in (tmp_path / "review" / FOLDER).iterdir()}
    assert own == set(names_of(keys[0]))


def test_faults_are_named_and_nothing_half_made_stays(tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), RED).save(tmp_path / "good.jpg")
    half_and_half(400, 300).save(tmp_path / "cut.jpg")
    content = (tmp_path / "cut.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(content[: len(content) // 2])
    (tmp_path / "text.jpg").write_text("no picture")
    names = ["good.jpg", "cut.jpg", "text.jpg", "gone.jpg", "good.png"]
    Image.new("RGB", (40, 31), RED).save(tmp_path / "good.png")
    images = images_of(names, [(40, 30), (400, 300), (40, 30), (40, 30), (40, 30)])
    with pytest.raises(PodiumError, match="4 are not; restore them, name the folder") as error:
        make_pictures(tmp_path / "review", tmp_path, images, range(5), tmp_path / "cache")
    text = str(error.value)
    assert "gone.jpg: No such file" in text
    assert "cut.jpg: image file is truncated" in text
    assert "text.jpg: cannot identify" in text
    assert "good.png: annotated as 40x30, but the file is 40x31" in text
    assert len(list((tmp_path / "cache").iterdir())) == 2
