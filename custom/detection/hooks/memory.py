"""Out of GPU memory: what was tried, and what would fit, instead of a CUDA trace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.config import Config

from custom.errors import PodiumError


@contextmanager
def explain_out_of_memory(config: Config) -> Iterator[None]:
    """Turn CUDA's out-of-memory error within the block into a `PodiumError` with the remedy.

    Args:
        config: The config that is being trained.
    """
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        raise PodiumError(out_of_memory_message(config)) from error


def out_of_memory_message(config: Config) -> str:
    """Return what was too large, and the settings that take less memory, most useful first."""
    batch = int(config.train_dataloader.get("batch_size", 1))
    size = _image_size(config.train_dataloader.dataset)
    counts = int(config.optim_wrapper.get("accumulative_counts", 1))
    lines = [f"the GPU's memory is too small for a batch of {batch} images{size}; what would fit:"]
    if batch > 1:
        half = batch // 2
        more = counts * batch // half
        lines.append(
            f"  --cfg-options train_dataloader.batch_size={half} "
            f"optim_wrapper.accumulative_counts={more}  (the same effective batch of "
            f"{half * more}; batch norm sees {half})"
        )
    if config.optim_wrapper.get("type") != "AmpOptimWrapper":
        lines.append("  --amp  (mixed precision: about half the memory of activations)")
    if "backbone" in config.model and not config.model.backbone.get("with_cp", False):
        lines.append(
            "  --cfg-options model.backbone.with_cp=True  (recomputes activations: a third slower)"
        )
    lines.append("  a smaller image scale in the config's pipelines")
    return "\n".join(lines)


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
    """Return the (w, h) pairs in a scale, or in a list of them."""
    if isinstance(scale, int):
        return [(scale, scale)]
    if len(scale) == 2 and all(isinstance(side, int) for side in scale):
        return [(scale[0], scale[1])]
    return [pair for inner in scale for pair in _pairs(inner)]
