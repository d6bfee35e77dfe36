"""Normalized once, in one channel order, packed whole, and not turned around."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mmengine.config import Config

from custom.training.checks.preprocessing import preprocessing_faults, scale_faults

LOAD = {"type": "LoadImageFromFile"}
NORMALIZE = {"type": "Normalize", "mean": [123.675, 116.28, 103.53], "std": [58.4, 57.1, 57.4]}
PACK = {"type": "PackDetInputs"}
NEEDED = ("img_id", "img_shape", "ori_shape", "scale_factor")
RGB = {"mean": [123.675, 116.28, 103.53], "std": [58.4, 57.1, 57.4], "bgr_to_rgb": True}
BGR = {"mean": [103.53, 116.28, 123.675], "std": [1.0, 1.0, 1.0], "bgr_to_rgb": False}


def config_of(
    preprocessor: dict[str, Any] | None = None,
    train: Any = (LOAD, PACK),
    val: Any = (LOAD, PACK),
    backbone: Any = None,
    **keys: Any,
) -> Config:
    preprocessor = RGB if preprocessor is None else preprocessor
    return Config(
        {
            "model": {
                "data_preprocessor": preprocessor,
                "backbone": backbone or {"type": "ResNet"},
            },
            "train_dataloader": {"dataset": {"pipeline": list(train)}},
            "val_dataloader": {"dataset": {"pipeline": list(val)}},
            **keys,
        }
    )


def weights(checkpoint: str) -> dict[str, Any]:
    return {"type": "ResNet", "init_cfg": {"type": "Pretrained", "checkpoint": checkpoint}}


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(config_of(), id="as MMDetection 3 has it"),
        pytest.param(config_of(BGR, backbone=weights("open-mmlab://resnet50_caffe")), id="caffe"),
        pytest.param(config_of(RGB, backbone=weights("torchvision://resnet50")), id="torchvision"),
        pytest.param(config_of({"mean": [0.0] * 3, "std": [255.0] * 3}), id="to one"),
        pytest.param(
            config_of(val=(LOAD, {**PACK, "meta_keys": (*NEEDED[:3], "border")})), id="centernet"
        ),
        pytest.param(config_of({"mean": [0] * 3, "std": [1] * 3}), id="plain, said so"),
        pytest.param(
            config_of({"pad_size_divisor": 32}, backbone={"type": "CSPDarknet"}), id="yolox"
        ),
        pytest.param(
            config_of({"pad_size_divisor": 1}, (LOAD, NORMALIZE, PACK), (LOAD, NORMALIZE, PACK)),
            id="as MMDetection 2 had it, in all parts",
        ),
        pytest.param(config_of({**BGR}, (LOAD, PACK)), id="BGR throughout"),
        pytest.param(
            config_of(val=[LOAD, {**PACK, "meta_keys": NEEDED}]),
            id="packed with what is needed",
        ),
    ],
)  # fmt: skip
def test_what_is_sound_has_no_faults(config: Config) -> None:
    assert preprocessing_faults(config) == []


@pytest.mark.parametrize(
    ("config", "words"),
    [
        pytest.param(config_of(train=(LOAD, NORMALIZE, PACK)), "normalized once", id="twice"),
        pytest.param(config_of(val=(LOAD, NORMALIZE, PACK)), "normalized once", id="twice in val"),
        pytest.param(
            config_of(train=(LOAD, {"type": "Albu", "transforms": [NORMALIZE]}, PACK)),
            "normalized once", id="twice, within another",
        ),
        pytest.param(
            config_of(augmentations=[NORMALIZE]), "normalized once", id="twice, by augmentations"
        ),
        pytest.param(
            config_of({"pad_size_divisor": 1}, (LOAD, NORMALIZE, PACK)),
            "is in the train pipeline and not in that of val", id="not in val",
        ),
        pytest.param(config_of({"pad_size_divisor": 32}), "must be normalized", id="not at all"),
        pytest.param(
            config_of({**RGB, "bgr_to_rgb": False}), "RGB order, but .* as BGR", id="BGR by RGB"
        ),
        pytest.param(
            config_of({**BGR, "bgr_to_rgb": True}), "BGR order, but .* as RGB", id="RGB by BGR"
        ),
        pytest.param(
            config_of(RGB, backbone=weights("open-mmlab://detectron2/resnet50_caffe")),
            "trained on BGR", id="caffe weights",
        ),
        pytest.param(
            config_of(BGR, backbone=weights("torchvision://resnet50")),
            "trained on RGB", id="torchvision weights",
        ),
        pytest.param(
            config_of(val=(LOAD, {**PACK, "meta_keys": ("img_id", "ori_shape", "scale_factor")})),
            "lacks img_shape", id="img_shape",
        ),
        pytest.param(
            config_of(train=(LOAD, {**PACK, "meta_keys": ("img_id",)})),
            "train pipeline must have img_shape", id="img_shape of train",
        ),
    ],
)  # fmt: skip
def test_each_fault_is_told(config: Config, words: str) -> None:
    import re

    (fault,) = preprocessing_faults(config)
    assert re.search(words, fault)


@pytest.mark.parametrize(
    ("resize", "sizes_hw", "turned"),
    [
        pytest.param({"scale": (64, 48)}, [(480, 640)], False, id="as the images"),
        pytest.param({"scale": (48, 64)}, [(480, 640)], True, id="height first"),
        pytest.param({"scale": (48, 64), "keep_ratio": True}, [(480, 640)], False, id="keeps"),
        pytest.param({"scale": (64, 48)}, [(640, 480)], True, id="upright images"),
        pytest.param({"scale": (48, 64)}, [(600, 640)], False, id="nearly square images"),
        pytest.param({"scale": (64, 64)}, [(480, 640)], False, id="square scale"),
        pytest.param({"scale": (48, 64)}, [(480, 640)] * 3 + [(640, 480)], True, id="most"),
        pytest.param({"scale": 0.5}, [(480, 640)], False, id="a factor"),
        pytest.param({"scale": (48, 64)}, np.zeros((0, 2)), False, id="no images"),
    ],
)
def test_a_scale_with_the_height_first_is_told(resize: Any, sizes_hw: Any, turned: bool) -> None:
    pipeline = (LOAD, {"type": "Resize", **resize}, PACK)
    faults = list(scale_faults(config_of(train=pipeline), np.array(sizes_hw)))
    assert bool(faults) == turned
    if turned:
        assert "must have its scale as (width, height)" in faults[0]
