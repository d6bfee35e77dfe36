"""What must hold before the first step: each is told with a sentence."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.config import Config
from PIL import ExifTags, Image

from custom.errors import PodiumError
from custom.files import read_json, write_json
from custom.testing.toy_competition import make_toy_competition, make_toy_config_file
from custom.training.checks import check_before_training
from custom.training.configuration import RunOptions, load_config


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return make_toy_competition(tmp_path / "data")


@pytest.fixture
def config_file(data: Path) -> Path:
    return make_toy_config_file(data, data.parent / "toy.py")


def checked(config_file: Path, **overrides: Any) -> Config:
    config = load_config(config_file, RunOptions(overrides=overrides))
    check_before_training(config)
    return config


def edit(path: Path, change: Any) -> None:
    content = read_json(path)
    change(content)
    write_json(path, content)


def test_a_sound_config_passes(config_file: Path) -> None:
    checked(config_file)


def all_crowds(data: Path) -> None:
    edit(data / "train.json", lambda c: [a.update(iscrowd=1) for a in c["annotations"]])


def exchanged(data: Path) -> None:
    Image.new("RGB", (64, 48)).save(data / "images" / "0003.png")
    edit(data / "train.json", lambda c: c["images"][3].update(width=48, height=64))
    edit(
        data / "train.json",
        lambda c: c.update(annotations=[a for a in c["annotations"] if a["image_id"] != 3]),
    )


def turned(data: Path) -> None:
    """A photograph whose annotation has the size as stored."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.new("RGB", (64, 48)).save(data / "images" / "0003.png", exif=exif)
    for name in ("train.json", "test.json"):
        edit(data / name, lambda c: c["images"][3].update(width=64, height=48))


def cut_short(data: Path) -> None:
    path = data / "images" / "0005.png"
    path.write_bytes(path.read_bytes()[:-100])


def of_the_test_set(data: Path) -> None:
    (data / "test").mkdir()
    Image.new("RGB", (64, 64)).save(data / "test" / "a.png")
    (data / "test" / "b.png").write_bytes(b"no image")
    images = [
        {"id": i, "file_name": f"test/{n}.png", "width": 64, "height": 64}
        for i, n in enumerate("ab")
    ]
    edit(data / "test.json", lambda c: c.update(images=images))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(all_crowds, "all .* are of crowds", id="crowds"),
        pytest.param(
            exchanged, r"0003.png: .*width and height of its entry are exchanged", id="wh"
        ),
        pytest.param(turned, r"0003.png: .*EXIF orientation is 6.*color_ignore", id="exif"),
        pytest.param(cut_short, r"0005.png: .*truncated", id="cut short"),
        pytest.param(of_the_test_set, r"test/b.png: it is no image", id="test image"),
    ],
)
def test_images_and_boxes_are_looked_at(
    data: Path, config_file: Path, spoil: Any, message: str
) -> None:
    spoil(data)
    with pytest.raises(PodiumError, match=message):
        checked(config_file)


def test_a_turned_photograph_may_be_loaded_as_stored(data: Path, config_file: Path) -> None:
    turned(data)
    keys = {f"{part}_dataloader.dataset.pipeline.0.color_type" for part in ("train", "val", "test")}
    checked(config_file, **dict.fromkeys(keys, "color_ignore_orientation"))


def test_a_missing_test_set_is_only_said(data: Path, config_file: Path, caplog: Any) -> None:
    (data / "test.json").unlink()
    checked(config_file)
    assert any("test.json is missing" in message for message in caplog.messages)


NORMALIZE = {"type": "Normalize", "mean": [115.0] * 3, "std": [60.0] * 3}


class OwnDice:
    """A transform with random numbers that no seed reaches."""

    dice = np.random.default_rng()

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        results["img"] = results["img"] + self.dice.integers(0, 2, dtype=np.uint8)
        return results


class Halved:
    """A transform that scales values to the range from 0 to 1."""

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        results["img"] = (results["img"] / 255).astype(np.float32)
        return results


class KeepsLast:
    """A transform that hands on half of the sample before."""

    def __init__(self) -> None:
        self.last: Any = None

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        image = results["img"].copy()
        if self.last is not None:
            results["img"] = image // 2 + self.last // 2
        self.last = image
        return results


@pytest.fixture
def registered() -> None:
    from mmdet.registry import TRANSFORMS

    for kind in (OwnDice, Halved, KeepsLast):
        TRANSFORMS.register_module(module=kind, force=True)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(
    ("transform", "message"),
    [
        pytest.param(NORMALIZE, "must be normalized once", id="normalized twice"),
        pytest.param({"type": "Halved"}, "from 0 to 255.* but span", id="scaled before"),
        pytest.param({"type": "OwnDice"}, "drawn twice is another", id="own dice"),
        pytest.param({"type": "KeepsLast"}, "drawn twice is another", id="memory"),
    ],
)
def test_samples_are_drawn_before_the_training(
    config_file: Path, transform: Any, message: str
) -> None:
    config = load_config(config_file, RunOptions())
    pipeline = config.train_dataloader.dataset.pipeline
    config.train_dataloader.dataset.pipeline = [*pipeline[:-1], transform, pipeline[-1]]
    with pytest.raises(PodiumError, match=message):
        check_before_training(config)


@pytest.mark.parametrize(
    "transform",
    [
        {"type": "CachedMosaic", "img_scale": (64, 64), "max_cached_images": 4},
        {"type": "CachedMixUp", "img_scale": (64, 64), "max_cached_images": 2},
        {"type": "Mosaic", "img_scale": (64, 64)},
    ],
)
def test_mmdetection_s_mixing_is_replaced_by_what_follows_the_seed(
    config_file: Path, transform: dict[str, Any]
) -> None:
    base = Config.fromfile(config_file)
    pipeline = base.train_dataloader.dataset.pipeline
    resize = {"type": "Resize", "scale": (64, 64), "keep_ratio": True}
    base.train_dataloader.dataset.pipeline = [
        *pipeline[:2], copy.deepcopy(transform), resize, pipeline[-1],
    ]  # fmt: skip
    path = config_file.with_name("mixing.py")
    base.dump(str(path))
    config = load_config(path, RunOptions())
    check_before_training(config)
    kind = config.train_dataloader.dataset.pipeline[2].type
    assert kind in ("SeededMosaic", "WithPartners")


def test_a_batch_larger_than_the_set_is_told(config_file: Path) -> None:
    loader = {"train_dataloader.batch_size": 99}
    checked(config_file, **loader)
    with pytest.raises(PodiumError, match="batch_size must be at most the 6 images"):
        checked(config_file, **loader, **{"train_dataloader.drop_last": True})
