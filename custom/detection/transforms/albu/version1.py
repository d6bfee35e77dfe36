"""Albumentations transforms as written for version 1, in the words of version 2."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import cv2

from custom.detection.transforms.albu.rules import (
    Arguments,
    Rule,
    always_apply,
    compression_by_name,
    converted,
    dropped,
    filled,
    paired,
)

# Transforms that only have another name, or are a special case of another one.
RENAMED = {
    "GaussianNoise": "GaussNoise",  # what teams write, though no version had it
    "JpegCompression": "ImageCompression",
    "Cutout": "CoarseDropout",
    "RandomBrightness": "RandomBrightnessContrast",
    "RandomContrast": "RandomBrightnessContrast",
    "IAAAdditiveGaussianNoise": "GaussNoise",
    "IAAAffine": "Affine",
    "IAACropAndPad": "CropAndPad",
    "IAAEmboss": "Emboss",
    "IAAFliplr": "HorizontalFlip",
    "IAAFlipud": "VerticalFlip",
    "IAAPerspective": "Perspective",
    "IAAPiecewiseAffine": "PiecewiseAffine",
    "IAASharpen": "Sharpen",
    "IAASuperpixels": "Superpixels",
}
_FILL = ("value", "fill_value", "cval", "pad_cval", "pad_val", "image_fill_value")
_FILL_MASK = ("mask_value", "mask_fill_value", "cval_mask", "pad_cval_mask", "mask_pad_val")
_BORDER = ("pad_mode", "mode")
_BORDERS = {
    "constant": cv2.BORDER_CONSTANT, "edge": cv2.BORDER_REPLICATE, "wrap": cv2.BORDER_WRAP,
    "symmetric": cv2.BORDER_REFLECT, "reflect": cv2.BORDER_REFLECT_101,
}  # fmt: skip


def in_version2(
    kind: str, arguments: Arguments, fields: Callable[[str], Sequence[str]]
) -> tuple[str, Arguments, list[str]]:
    """Return a transform's name and arguments in the words of version 2, and what was changed.

    What has no counterpart is left as it is, for the builder to refuse.

    Args:
        kind: The transform's name.
        arguments: Its arguments. Not modified.
        fields: Returns the arguments that version 2 has for a transform; none if it is unknown.
    """
    changed = dict(arguments)
    if kind == "Flip" and not fields(kind):
        always_apply(changed)
        return _flip(changed)
    new = kind if fields(kind) else RENAMED.get(kind, kind)
    notes = [f"{kind} is {new} now"] if new != kind else []
    kinds = (kind, new) if new != kind else (kind,)
    rules = [rule for each in kinds for rule in _OF_KIND.get(each, ())]
    for rule in (always_apply, *rules, *_fills(set(fields(new)))):
        if note := rule(changed):
            notes.append(f"{new}: {note}")
    notes += [f"{new}: {note}" for name, note in _DEFAULTS.get(new, ()) if name not in changed]
    return new, changed, notes


def _flip(arguments: Arguments) -> tuple[str, Arguments, list[str]]:
    """Return version 1's `Flip`: upside down, mirrored or both, each as likely."""
    one, other = {"type": "HorizontalFlip", "p": 1.0}, {"type": "VerticalFlip", "p": 1.0}
    both = {"type": "Sequential", "transforms": [one, other], "p": 1.0}
    note = "Flip is OneOf(HorizontalFlip, VerticalFlip, both) now"
    return "OneOf", {"transforms": [one, other, both], **arguments}, [note]


def _fills(known: set[str]) -> Iterator[Rule]:
    """Yield the new names of what fills holes and edges, for a transform with these arguments."""
    for new, olds in (("fill", _FILL), ("fill_mask", _FILL_MASK), ("border_mode", _BORDER)):
        for old in olds:
            if new in known and old not in known:
                yield converted(old, new, lambda value: _BORDERS.get(str(value), value))


def _twice(value: Any) -> tuple[Any, Any]:
    return value, value


def _pair(value: Any) -> tuple[float, float]:
    """Return a number as the pair of it and itself, a pair as it is."""
    return _twice(value) if isinstance(value, int | float) else tuple(value)


def _of_255(pair: Sequence[float]) -> tuple[float, ...]:
    return tuple(round(number / 255, 6) for number in pair)


def _from_zero(value: Any) -> tuple[float, ...]:
    """Return a number as the range from 0 to it, a range as it is, of 255."""
    return _of_255((0, value) if isinstance(value, int | float) else value)


def _std_of_variance(value: Any) -> tuple[float, ...]:
    limits = (0, value) if isinstance(value, int | float) else value
    return _of_255([math.sqrt(limit) for limit in limits])


def _level(value: Any) -> tuple[float, ...]:
    return _of_255(_pair(value))


def _both_ways(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {"upscale": value, "downscale": value}


def _holes_of_version1(arguments: Arguments) -> str:
    """Give holes whose size is said in part, in version 1's words, its default for the rest."""
    if any(f"{limit}_{what}" in arguments for limit in ("min", "max") for what in _HOLES):
        for what in _HOLES:
            arguments.setdefault(f"max_{what}", 8)
    return ""


_HOLES = ("holes", "height", "width")
_SIZE = (paired("height", "width", "size"),)
_OF_KIND: dict[str, Sequence[Rule]] = {
    "AdvancedBlur": (
        converted("sigmaX_limit", "sigma_x_limit"),
        converted("sigmaY_limit", "sigma_y_limit"),
    ),
    "CoarseDropout": (
        _holes_of_version1,
        paired("min_holes", "max_holes", "num_holes_range", (None, 8)),
        paired("min_height", "max_height", "hole_height_range", (None, 8)),
        paired("min_width", "max_width", "hole_width_range", (None, 8)),
    ),
    "Cutout": (
        converted("num_holes", "num_holes_range", _twice),
        converted("max_h_size", "hole_height_range", _twice),
        converted("max_w_size", "hole_width_range", _twice),
        filled("num_holes_range", (8, 8)),
        filled("hole_height_range", (8, 8)),
        filled("hole_width_range", (8, 8)),
    ),
    "Downscale": (
        paired("scale_min", "scale_max", "scale_range", (0.25, 0.25)),
        converted("interpolation", "interpolation_pair", _both_ways),
    ),
    "ElasticTransform": (dropped("alpha_affine", "add Affine for what it did"),),
    "GaussNoise": (
        converted("var_limit", "std_range", _std_of_variance),
        converted("mean", "mean_range", _level),
    ),
    "GridDropout": (
        paired("unit_size_min", "unit_size_max", "unit_size_range"),
        paired("holes_number_x", "holes_number_y", "holes_number_xy"),
        paired("shift_x", "shift_y", "shift_xy", (0, 0)),
    ),
    "IAAAdditiveGaussianNoise": (
        converted("scale", "std_range", _from_zero),
        converted("loc", "mean_range", _level),
        filled("std_range", (0.01, 0.05)),
        filled("per_channel", False),
    ),
    "IAAAffine": (converted("order", "interpolation"),),
    "IAAPiecewiseAffine": (converted("order", "interpolation"),),
    "ImageCompression": (
        paired("quality_lower", "quality_upper", "quality_range", (99, 100)),
        compression_by_name,
    ),
    "OpticalDistortion": (dropped("shift_limit", "version 2 has no shift"),),
    "PiecewiseAffine": (dropped("keypoints_threshold", "it is of keypoints"),),
    "RandomBrightness": (
        converted("limit", "brightness_limit"),
        filled("contrast_limit", (0.0, 0.0)),
    ),
    "RandomContrast": (
        converted("limit", "contrast_limit"),
        filled("brightness_limit", (0.0, 0.0)),
    ),
    "RandomCropNearBBox": (converted("cropping_box_key", "cropping_bbox_key"),),
    "RandomFog": (paired("fog_coef_lower", "fog_coef_upper", "fog_coef_range", (0.3, 1.0)),),
    "RandomGamma": (dropped("eps", "it is not needed"),),
    "RandomRain": (paired("slant_lower", "slant_upper", "slant_range", (-10, 10)),),
    "RandomResizedCrop": _SIZE,
    "RandomShadow": (
        paired("num_shadows_lower", "num_shadows_upper", "num_shadows_limit", (1, 2)),
    ),
    "RandomSizedCrop": _SIZE,
    "RandomSnow": (paired("snow_point_lower", "snow_point_upper", "snow_point_range", (0.1, 0.3)),),
    "RandomSunFlare": (
        paired("angle_lower", "angle_upper", "angle_range", (0, 1)),
        paired(
            "num_flare_circles_lower", "num_flare_circles_upper", "num_flare_circles_range", (6, 10)
        ),
    ),
    "Solarize": (converted("threshold", "threshold_range", _level),),
}

_NOISE = (
    "std_range",
    "its noise is 0.2 to 0.44 of the range by default, in version 1 it was 0.012 to 0.028; for "
    "that set std_range=(0.012, 0.028)",
)
_BLACK = (
    "border_mode",
    "what turns into view is black by default, in version 1 the image was reflected into it; for "
    "that set border_mode=4",
)
# Defaults that are others than in version 1.
_DEFAULTS: dict[str, Sequence[tuple[str, str]]] = {
    "GaussNoise": (_NOISE,),
    "ElasticTransform": (_BLACK,),
    "GridDistortion": (_BLACK,),
    "OpticalDistortion": (_BLACK,),
    "PadIfNeeded": (_BLACK,),
    "Rotate": (_BLACK,),
    "SafeRotate": (_BLACK,),
    "ShiftScaleRotate": (_BLACK,),
}
