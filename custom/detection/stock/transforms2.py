"""Transforms of MMDetection 2 under their names and arguments in MMDetection 3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

# What a transform became: its new name and the new names of its arguments.
_RENAMED: dict[str, dict[str, str]] = {
    "RandomFlip": {"flip_ratio": "prob"},
    "Resize": {"img_scale": "scale"},
}
_PACKED = ("DefaultFormatBundle", "Collect", "ImageToTensor")
_REPLACED = {
    "Normalize": "leave out Normalize: model.data_preprocessor does it (mean={mean}, std={std}, "
    "bgr_to_rgb={to_rgb}); with both an image would be normalized twice",
    "Pad": "leave out Pad: model.data_preprocessor does it (pad_size_divisor={size_divisor})",
    "MultiScaleFlipAug": "test at one scale with dict(type='Resize', scale={img_scale}, "
    "keep_ratio=True); flips and scales are tools/test.py --tta",
    "LoadMultiChannelImageFromFiles": "images are read by LoadImageFromFile",
}


def pipeline_changes(pipeline: Iterable[Any]) -> list[str]:
    """Return what to write for each transform of MMDetection 2 that is another one now."""
    lines: list[str] = []
    packed = False
    for transform in _flat(pipeline):
        kind = transform.get("type")
        if kind in _PACKED and not packed:
            packed = True
            lines.append(f"{', '.join(_PACKED[:2])} -> dict(type='PackDetInputs')")
        if kind in _REPLACED:
            lines.append(_REPLACED[kind].format_map(_Given(transform)))
        if kind == "Resize" and (line := _resize(transform)):
            lines.append(line)
        elif kind in _RENAMED:
            lines += [
                f"{kind}({old}={transform[old]!r}) -> {kind}({new}={transform[old]!r})"
                for old, new in _RENAMED[kind].items()
                if old in transform
            ]
    return lines


def _resize(transform: dict[str, Any]) -> str | None:
    """Return the line for a `Resize` of several scales; one of a single scale is only renamed."""
    scales = transform.get("img_scale")
    if not isinstance(scales, list) or len(scales) < 2:
        return None
    if transform.get("multiscale_mode", "range") == "range":
        return f"Resize -> dict(type='RandomResize', scale={scales}, keep_ratio=True)"
    return f"Resize -> dict(type='RandomChoiceResize', scales={scales}, keep_ratio=True)"


def _flat(pipeline: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Yield the transforms, those inside of others too."""
    for transform in pipeline:
        if isinstance(transform, dict):
            yield transform
            yield from _flat(transform.get("transforms") or ())


class _Given(dict):
    """A transform's arguments; one that is not given is a question mark."""

    def __missing__(self, key: str) -> str:
        return "?"
