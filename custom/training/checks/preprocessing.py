"""Images reach the model in the values, the channel order and the shape that it expects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from custom.boxes import IntArray
from custom.errors import PodiumError
from custom.training.checks.facts import Facts
from custom.training.nodes import dicts_below, name_of
from custom.training.pretrained import pretrained_weights

PARTS = ("train", "val", "test")
# Means of ImageNet's red and blue: further apart than those of any other statistics in use.
_RED, _BLUE, _NEAR = 123.675, 103.53, 2.0
# Backbones whose published weights were trained on plain values from 0 to 255.
_TAKES_PLAIN = ("CSPDarknet",)
# What a packed sample of each part needs: the heads' losses, and the way back to the image.
_NEEDED = {
    "train": ("img_shape",),
    "val": ("img_id", "img_shape", "ori_shape", "scale_factor"),
    "test": ("img_id", "img_shape", "ori_shape", "scale_factor"),
}
# Sizes this much wider than high, or the other way, have a direction.
_LENGTHWISE = 1.15


def check_preprocessing(facts: Facts) -> None:
    """Refuse a config whose images are normalized twice or not at all, or packed in part.

    Raises:
        PodiumError: Of the first fault.
    """
    for fault in preprocessing_faults(facts.config):
        raise PodiumError(fault)
    for fault in scale_faults(facts.config, facts.chosen.images.sizes_hw):
        raise PodiumError(fault)


def preprocessing_faults(config: Any) -> list[str]:
    """Return what is wrong with normalization, channels and packing, by the config alone."""
    return [*_normalization(config), *_channels(config), *_packing(config)]


def _preprocessor(config: Any) -> Mapping[str, Any]:
    model = config.get("model")
    own = model.get("data_preprocessor") if isinstance(model, Mapping) else None
    found = own or config.get("data_preprocessor")
    return found if isinstance(found, Mapping) else {}


def pipelines_of(config: Any, part: str) -> list[Sequence[Any]]:
    """Return the pipelines of a part: of its data sets, and of later stages of the training."""
    nodes = [config.get(f"{part}_dataloader")]
    if part == "train":
        nodes += [config.get("custom_hooks"), {"pipeline": config.get("augmentations") or []}]
    found = [each["pipeline"] for node in nodes for each in dicts_below(node) if "pipeline" in each]
    return [pipeline for pipeline in found if isinstance(pipeline, list | tuple)]


def _normalizes(config: Any, part: str) -> dict[str, Any] | None:
    """Return the `Normalize` of a part's pipelines, if there is one, within others or alone."""
    below = dicts_below(pipelines_of(config, part))
    return next((each for each in below if name_of(each) == "Normalize"), None)


def _normalization(config: Any) -> Iterator[str]:
    by_part = {
        part: _normalizes(config, part) for part in PARTS if config.get(f"{part}_dataloader")
    }
    having = [part for part, transform in by_part.items() if transform is not None]
    normalizes = _preprocessor(config).get("mean") is not None
    if having and normalizes:
        yield (
            f"images must be normalized once, but Normalize in the {having[0]} pipeline and the "
            "model's data_preprocessor both do it; take Normalize out of the pipeline, as "
            "MMDetection 3 has it"
        )
    elif having and len(having) < len(by_part):
        lacking = next(part for part in by_part if part not in having)
        yield (
            f"all parts must be normalized alike, but Normalize is in the {having[0]} pipeline and "
            f"not in that of {lacking}; let the model's data_preprocessor do it for all"
        )
    elif not having and not normalizes and _wants_normalized(config):
        yield (
            "images must be normalized, but neither the model's data_preprocessor has a mean and "
            "std nor a pipeline a Normalize; copy them from the config of the weights (mean=[0, 0, "
            "0], std=[1, 1, 1] says that plain values are meant)"
        )


def _wants_normalized(config: Any) -> bool:
    model = config.get("model")
    backbones = [name_of(each.get("backbone")) for each in dicts_below(model) if "backbone" in each]
    return any(name and name not in _TAKES_PLAIN for name in backbones)


def _channels(config: Any) -> Iterator[str]:
    """Yield contradictions between the channels' order, their statistics and the weights."""
    statistics = _preprocessor(config)
    turns = bool(statistics.get("bgr_to_rgb")) or bool(statistics.get("rgb_to_bgr"))
    for part in PARTS:
        order = {"RGB": "BGR", "BGR": "RGB"} if turns else {"RGB": "RGB", "BGR": "BGR"}
        arriving = order[_loaded_order(config, part)]
        stated = _order_of_mean(statistics.get("mean"))
        if stated and config.get(f"{part}_dataloader") and stated != arriving:
            yield (
                f"the mean {list(statistics['mean'])} of the model's data_preprocessor is in "
                f"{stated} order, but the {part} images reach it as {arriving}; set "
                f"bgr_to_rgb={stated == 'RGB'}, or turn mean and std around"
            )
            return
    for weights in pretrained_weights(config.get("model")):
        wanted = _order_of_weights(weights)
        stated = _order_of_mean(statistics.get("mean"))
        if wanted and stated and wanted != stated:
            yield (
                f"the weights {weights} were trained on {wanted} images, but the model's "
                f"data_preprocessor makes {stated}; take mean, std and bgr_to_rgb from their config"
            )


def _loaded_order(config: Any, part: str) -> str:
    steps = dicts_below(pipelines_of(config, part))
    orders = [each.get("channel_order") for each in steps if name_of(each) == "LoadImageFromFile"]
    return "RGB" if "rgb" in orders else "BGR"


def _order_of_mean(mean: Any) -> str:
    """Return the channel order that ImageNet's mean is in, or "" for another mean."""
    if not isinstance(mean, list | tuple) or len(mean) != 3:
        return ""
    ends = (mean[0], mean[2])
    for order, expected in (("RGB", (_RED, _BLUE)), ("BGR", (_BLUE, _RED))):
        if all(abs(value - other) < _NEAR for value, other in zip(ends, expected, strict=True)):
            return order
    return ""


def _order_of_weights(checkpoint: str) -> str:
    """Return the channel order that published weights of a backbone were trained with."""
    if checkpoint.startswith("torchvision://") or "SwinTransformer" in checkpoint:
        return "RGB"
    return "BGR" if "caffe" in checkpoint or "detectron2/" in checkpoint else ""


def _packing(config: Any) -> Iterator[str]:
    for part, needed in _NEEDED.items():
        for pipeline in pipelines_of(config, part):
            packs = [each for each in pipeline if name_of(each) == "PackDetInputs"]
            keys = packs[0].get("meta_keys") if packs else None
            # CenterNet pads images of their own size: its way back is their border.
            needed = tuple(k for k in needed if k != "scale_factor" or "border" not in (keys or ()))
            if isinstance(keys, list | tuple) and (missing := [k for k in needed if k not in keys]):
                yield (
                    f"PackDetInputs of the {part} pipeline must have {', '.join(needed)} among its "
                    f"meta_keys, but lacks {missing[0]}; add it, or leave meta_keys out"
                )


def scale_faults(config: Any, sizes_hw: IntArray) -> Iterator[str]:
    """Yield resizings whose width and height are exchanged, judged by the images' own shape.

    Args:
        config: A config.
        sizes_hw: Shape (I, 2), heights and widths of the training's images.
    """
    if not len(sizes_hw):
        return
    aspect = float(np.median(sizes_hw[:, 1] / sizes_hw[:, 0]))
    if 1 / _LENGTHWISE < aspect < _LENGTHWISE:
        return
    for part in PARTS:
        for transform in dicts_below(pipelines_of(config, part)):
            for width, height in _exact_scales(transform):
                if (width / height > 1) != (aspect > 1) and width != height:
                    yield (
                        f"{name_of(transform)} of the {part} pipeline must have its scale as "
                        f"(width, height), but ({width}, {height}) turns images that are "
                        f"{aspect:.2f} times as wide as high around; write ({height}, {width}), or "
                        "keep_ratio=True"
                    )


def _exact_scales(transform: Mapping[str, Any]) -> Iterator[tuple[float, float]]:
    """Yield the scales that a transform resizes to without keeping the aspect ratio."""
    if name_of(transform) not in ("Resize", "RandomResize", "RandomChoiceResize"):
        return
    if transform.get("keep_ratio", False):
        return
    given = transform.get("scales") or [transform.get("scale")]
    for scale in given if isinstance(given, list | tuple) else ():
        if isinstance(scale, list | tuple) and len(scale) == 2:
            numbers = [value for value in scale if isinstance(value, int | float) and value > 0]
            if len(numbers) == 2:
                yield numbers[0], numbers[1]
