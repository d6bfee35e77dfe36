"""Out of GPU memory: what was tried, and what would fit, instead of a CUDA trace."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmdet.registry import MODELS
from mmengine.config import Config

from custom.errors import PodiumError
from custom.training.inspection.arguments import accepted_arguments

# Backbones without `with_cp` whose stages can be recomputed by their names; the first two, with
# the largest maps, take the most.
_STAGED_BACKBONES = ("CSPDarknet", "CSPNeXt", "YOLOv5Backbone")


@contextmanager
def explain_out_of_memory(config: Config) -> Iterator[None]:
    """Turn CUDA's out-of-memory error within the block into a `PodiumError` with the remedy.

    Args:
        config: The config that is being trained or predicted with.
    """
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        frames = {frame.name for frame in traceback.extract_tb(error.__traceback__)}
        for part in ("val", "test"):
            if f"{part}_step" in frames:
                raise PodiumError(_prediction_message(config, part)) from error
        raise PodiumError(out_of_memory_message(config)) from error


def _prediction_message(config: Config, part: str) -> str:
    """Return what to do where predicting, in training's validation or after it, takes too much."""
    loader = config[f"{part}_dataloader"]
    batch = int(loader.get("batch_size", 1))
    return (
        f"the GPU's memory is too small to predict on {batch} images at once"
        f"{_image_size(loader.dataset)}; lower {part}_dataloader.batch_size (the boxes stay the "
        "same), or the image scale in the config's pipelines"
    )


def out_of_memory_message(config: Config) -> str:
    """Return what was too large, and the settings that take less memory, most useful first."""
    batch = int(config.train_dataloader.get("batch_size", 1))
    size = _image_size(config.train_dataloader.dataset)
    counts = int(config.optim_wrapper.get("accumulative_counts", 1))
    lines = [f"the GPU's memory is too small for a batch of {batch} images{size}; what would fit:"]
    if batch > 1:
        half = max(part for part in range(1, batch // 2 + 1) if batch % part == 0)
        more = counts * batch // half
        lines.append(
            f"  --cfg-options train_dataloader.batch_size={half} "
            f"optim_wrapper.accumulative_counts={more}  (the same effective batch of "
            f"{half * more}; batch norm sees {half})"
        )
    if config.optim_wrapper.get("type") != "AmpOptimWrapper":
        lines.append("  --amp  (mixed precision: about half the memory of activations)")
    if (checkpointing := _checkpointing(config)) is not None:
        lines.append(
            f"  --cfg-options {checkpointing}  (recomputes activations: up to a third slower)"
        )
    lines.append("  a smaller image scale in the config's pipelines")
    return "\n".join(lines)


def _checkpointing(config: Config) -> str | None:
    """Return the setting by which the backbone recomputes its activations, where there is one."""
    backbone = config.model.get("backbone", {})
    kind = MODELS.get(backbone.get("type", ""))
    if kind is None or backbone.get("with_cp") or config.get("activation_checkpointing"):
        return None
    if "with_cp" in (accepted_arguments(kind) or ()):
        return "model.backbone.with_cp=True"
    if kind.__name__ in _STAGED_BACKBONES:
        return "activation_checkpointing=backbone.stage1,backbone.stage2"
    return None


def _image_size(dataset: Any) -> str:
    """Return ` at WxH` for the largest scale in a data set's pipeline, or nothing."""
    while "pipeline" not in dataset and "dataset" in dataset:
        dataset = dataset["dataset"]
    scales = [
        t[key] for t in dataset.get("pipeline", ()) for key in ("scale", "scales") if key in t
    ]
    pairs = [pair for scale in scales for pair in _pairs(scale)]
    if not pairs:
        return ""
    width, height = max(pairs, key=lambda pair: pair[0] * pair[1])
    return f" at {width}x{height}"


def _pairs(scale: Any) -> list[tuple[int, int]]:
    """Return the (w, h) pairs in a scale, or in a list of them; factors are none."""
    if isinstance(scale, int):
        return [(scale, scale)]
    if isinstance(scale, float):
        return []
    if len(scale) == 2 and all(isinstance(side, int) for side in scale):
        return [(scale[0], scale[1])]
    return [pair for inner in scale for pair in _pairs(inner)]
