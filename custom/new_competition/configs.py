"""The configs of a new competition, as text: its facts, its data and one small detector."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from custom.boxes import IntArray

LONGEST_SIDE = 640
_MULTIPLE = 32
_MIN_SIDE = 64


def image_scale(sizes_hw: IntArray) -> tuple[int, int]:
    """Return width and height to train at: the images' own aspect, in multiples of 32.

    Args:
        sizes_hw: Shape (I, 2), of the train images.
    """
    height, width = np.median(sizes_hw, axis=0).tolist()
    factor = min(1.0, LONGEST_SIDE / max(height, width))
    sides = [
        max(_MIN_SIDE, round(side * factor / _MULTIPLE) * _MULTIPLE) for side in (width, height)
    ]
    return sides[0], sides[1]


def config_texts(name: str, facts: Mapping[str, Any], scale: tuple[int, int]) -> dict[Path, str]:
    """Return the text of each config, by its path below `configs`.

    Args:
        name: Of the competition.
        facts: Keys of `competition` and their values.
        scale: Width and height to train at.
    """
    return {
        Path("_base_", "competitions", f"{name}.py"): _competition(name, facts),
        Path("_base_", "datasets", f"{name}.py"): _dataset(name, scale),
        Path(name, "yolox_nano.py"): _detector(name),
    }


def _competition(name: str, facts: Mapping[str, Any]) -> str:
    lines = [f"    {key}={_literal(value)}," for key, value in facts.items()]
    return "\n".join(
        [
            f"# {name}: where its data lies, its classes, its sealed split. Written by podium new.",
            '_base_ = "./common.py"',
            "",
            "competition = dict(",
            *lines,
            ")",
            "",
        ]
    )


def _literal(value: Any) -> str:
    """Return a value as ruff formats it: text in double quotes, a class a line."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple) and value and isinstance(value[0], str):
        return "\n".join(["(", *(f"        {_literal(each)}," for each in value), "    )"])
    return repr(value)


def _dataset(name: str, scale: tuple[int, int]) -> str:
    return f"""# How the images of {name} are prepared. Written by podium new; change it freely.
_base_ = ["../competitions/{name}.py", "./competition.py"]

image_scale = {scale}  # width, height
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", with_bbox=True),
    dict(type="Resize", scale=image_scale, keep_ratio=True),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackDetInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale=image_scale, keep_ratio=True),
    dict(
        type="PackDetInputs",
        meta_keys=("img_id", "img_path", "ori_shape", "img_shape", "scale_factor"),
    ),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
"""


def _detector(name: str) -> str:
    return f"""# YOLOX at depth 0.33 and width 0.25, from scratch: for a first try, also on a CPU.
_base_ = [
    "../_base_/models/yolox_nano.py",
    "../_base_/datasets/{name}.py",
    "../_base_/schedules/adamw_cosine.py",
    "../_base_/default_runtime.py",
]
"""
