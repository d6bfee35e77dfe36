"""Pixels of more than 8 bits: one rule, and the same pixels in training, browsing and review."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmdet.registry import DATASETS
from mmengine.registry import init_default_scope
from PIL import Image

import custom.detection  # noqa: F401
from custom.depth import check_depth, deep_pixels, to_8_bit
from custom.detection.browse import augmented
from custom.errors import PodiumError
from custom.files import read_json, write_json
from custom.review.draw.thumbnails import make_pictures, names_of
from custom.tables.coco import read_ground_truth
from custom.testing.toy_competition import make_toy_competition, make_toy_config_file
from custom.training.checks import check_before_training
from custom.training.configuration import RunOptions, load_config
from custom.training.seeding import SampleKey


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_deep_images_keep_their_levels(dtype: type) -> None:
    values = np.linspace(0, 1, 16).reshape(4, 4) * (4095 if dtype != np.float32 else 1.0)
    grey = np.asarray(to_8_bit(Image.fromarray(values.astype(dtype))))
    # From 0 to the brightest in 15 steps of 17 grey levels, rounded down.
    assert np.abs(grey.astype(int).ravel() - 17 * np.arange(16)).max() <= 1


@pytest.mark.parametrize("depth", ["images", (0,), (5, 5), (9, 1), ("0", 1), (0, float("inf")), 12])
def test_what_is_no_rule_is_refused(depth: Any) -> None:
    with pytest.raises(PodiumError, match="depth must be"):
        check_depth(depth)


def test_a_range_is_the_same_for_all_images() -> None:
    values = np.array([[0, 1000, 2047.5, 4095, 65535]], np.float32)
    grey = np.asarray(to_8_bit(Image.fromarray(values), (0, 4095)))
    # 1000 / 4095 * 255 is 62.3; what is brighter than the range is white.
    assert grey.tolist() == [[0, 62, 127, 255, 255]]


def test_8_bits_are_left_to_the_stock_loader(tmp_path: Path) -> None:
    for suffix in ("png", "jpg", "bmp", "tif", "webp"):
        Image.new("RGB", (8, 8)).save(tmp_path / f"a.{suffix}")
        assert deep_pixels((tmp_path / f"a.{suffix}").read_bytes(), (0, 9)) is None


KINDS = {
    "16 bits": (lambda grey: (grey * 257).astype(np.uint16), "png", None),
    "12 in 16": (lambda grey: (grey * 16).astype(np.uint16), "png", (0, 4080)),
    "floats": (lambda grey: (grey / 255).astype(np.float32), "tif", (0.0, 1.0)),
}


@pytest.fixture(params=KINDS)
def deep(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a competition of deep grey images, its config and the rule."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    make, suffix, depth = KINDS[request.param]
    data = make_toy_competition(tmp_path / "data")
    rng = np.random.default_rng(5)
    for part in ("train", "test"):
        content = read_json(data / f"{part}.json")
        for image in content["images"]:
            grey = rng.integers(0, 256, (8, 8)).astype(float)
            grey[0, :2] = 0, 255
            path = data / Path(image["file_name"]).with_suffix(f".{suffix}")
            Image.fromarray(make(np.kron(grey, np.ones((8, 8))))).save(path)
            image["file_name"] = path.relative_to(data).as_posix()
        write_json(data / f"{part}.json", content)
    from custom.splits import make_split, seal

    seal(make_split(read_ground_truth(data / "train.json"), 2), data / "splits" / "deep")
    facts = {} if depth is None else {"depth": depth}
    split = str(data / "splits" / "deep")
    return data, make_toy_config_file(data, tmp_path / "toy.py", split=split, **facts), depth


def test_training_browse_and_review_show_the_same_pixels(deep: Any, tmp_path: Path) -> None:
    data, config_file, depth = deep
    config = load_config(config_file, RunOptions())
    config.train_dataloader.dataset.pipeline = config.train_dataloader.dataset.pipeline[:2]
    init_default_scope("mmdet")
    for part in ("train", "val", "test"):
        dataset = DATASETS.build(config[f"{part}_dataloader"].dataset)
        loaded = dataset.load_sample(0)["img"]
        info = dataset.get_data_info(0)
        stored = np.asarray(Image.open(info["img_path"])).astype(float)
        low, high = depth or (stored.min(), stored.max())
        expected = ((stored - low) / (high - low) * 255).clip(0, 255)
        assert loaded.dtype == np.uint8
        assert np.abs(loaded[..., 0] - expected).max() <= 1
        assert len(np.unique(loaded)) > 40
        assert (loaded == loaded[..., :1]).all()
        if part == "train":
            browsed = augmented(dataset, SampleKey(0))
            assert browsed is not None
            assert np.array_equal(browsed["img"], loaded)
        images = read_ground_truth(data / f"{'test' if part == 'test' else 'train'}.json").images
        index = images.index_of_name[info["file_name"]]
        keys = make_pictures(tmp_path / "review", data, images, [index], None, depth=depth)
        shown = np.asarray(Image.open(tmp_path / "review/pictures" / names_of(keys[index])[1]))
        # JPEG rounds; the flat blocks of 8x8 pixels lose little by it.
        assert np.abs(shown.astype(int) - loaded).mean() < 2


def test_the_rule_is_said_and_floats_need_one(deep: Any, caplog: Any) -> None:
    _, config_file, depth = deep
    config = load_config(config_file, RunOptions())
    with caplog.at_level(logging.WARNING):
        check_before_training(config)
    said = [m for m in caplog.messages if "have more than 8 bits" in m]
    assert len(said) == 1
    how = "darkest to its brightest" if depth is None else f"competition.depth = {depth}"
    assert how in said[0]
    if isinstance(depth, tuple) and depth[1] == 1.0:
        del config.competition["depth"]
        with pytest.raises(PodiumError, match=r"has floats for pixels.*competition\.depth = \(low"):
            check_before_training(config)
    with pytest.raises(PodiumError, match="depth must be"):
        load_config(config_file, RunOptions(overrides={"competition.depth": "dark"}))
