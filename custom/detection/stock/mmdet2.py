"""Configs of MMDetection 2 (and of UniverseNet, which is built on it): what to write instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config

from custom.detection.stock.transforms2 import pipeline_changes
from custom.errors import PodiumError

# Top-level keys that only configs of MMDetection 2 have, and a line for those that simply go.
_GONE = {
    "checkpoint_config": "leave it out: the best weights and a resume point are kept",
    "log_config": "leave it out, or set default_hooks.logger.interval and `tracking`",
    "dist_params": "leave it out: tools/train.py --launcher",
    "workflow": "leave it out",
    "optimizer_config": "see optimizer",
    "total_epochs": "train_cfg = dict(max_epochs={0})",
    "fp16": "leave it out: tools/train.py --amp",
    "cudnn_benchmark": "leave it out: it would break the seed",
}
_TRANSLATED = ("data", "optimizer", "lr_config", "runner", "evaluation")
_SCHEDULERS = {
    "step": "type='MultiStepLR', by_epoch=True, milestones={step}, gamma={gamma}",
    "CosineAnnealing": "type='CosineAnnealingLR', by_epoch=True, eta_min_ratio={min_lr_ratio}",
    "poly": "type='PolyLR', by_epoch=True, power={power}, eta_min={min_lr}",
    "fixed": "type='ConstantLR', factor=1.0",
}
_USUAL = {"step": [8, 11], "gamma": 0.1, "min_lr_ratio": 0.0, "power": 1.0, "min_lr": 0.0}


def refuse_mmdet2(config: Config, source: str) -> None:
    """Refuse a config of MMDetection 2, with the lines of MMDetection 3 in the place of its own.

    Raises:
        PodiumError: With a line for each key.
    """
    if lines := changes_from_mmdet2(config):
        raise PodiumError(
            f"{source} must be a config of MMDetection 3, but is of MMDetection 2 here; write for "
            "each line, or leave out what the configs that you inherit from have already:\n  "
            + "\n  ".join(lines)
        )


def changes_from_mmdet2(config: Mapping[str, Any]) -> list[str]:
    """Return what to write for each key of MMDetection 2 that a config has, as `key: line`."""
    lines: list[str] = []
    if any(key in config for key in (*_TRANSLATED, *_GONE)):
        for key in config:
            lines += [f"{key}: {line}" for line in _lines(key, config)]
    model = config.get("model")
    if isinstance(model, Mapping) and "backbone" in model:
        lines += [f"model: {line}" for line in _model_lines(model, config)]
    return lines


def _lines(key: str, config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what becomes of a top-level key; nothing for a key that stays."""
    value = config[key]
    if key in _GONE:
        yield _GONE[key].format(value)
    elif key == "data":
        yield from _data_lines(value)
    elif key == "optimizer":
        clip = (config.get("optimizer_config") or {}).get("grad_clip")
        yield f"optim_wrapper = dict(optimizer={written(value)}, clip_grad={written(clip)})"
    elif key == "lr_config":
        yield f"param_scheduler = [{', '.join(_schedulers(value))}]"
    elif key == "runner":
        if "max_epochs" in value:
            yield f"train_cfg = dict(max_epochs={value['max_epochs']})"
        else:
            yield "train_cfg counts in epochs here: dict(max_epochs=...)"
    elif key == "evaluation":
        yield f"train_cfg = dict(val_interval={value.get('interval', 1)}); the metric is ours"


def _data_lines(data: Mapping[str, Any]) -> Iterator[str]:
    yield "leave its data sets out: the competition's come with configs/_base_/datasets/"
    if "samples_per_gpu" in data:
        yield f"train_dataloader = dict(batch_size={data['samples_per_gpu']})"
    if "workers_per_gpu" in data:
        yield f"train_dataloader = dict(num_workers={data['workers_per_gpu']})"
    for part in ("train", "test"):
        yield from (f"{part}_pipeline: {line}" for line in pipeline_changes(_pipeline(data, part)))


def _pipeline(data: Mapping[str, Any], part: str) -> list[Any]:
    """Return the innermost pipeline of a part."""
    node: Any = data.get(part) or {}
    while isinstance(node, Mapping):
        if "pipeline" in node:
            return list(node["pipeline"])
        node = node.get("dataset")
    return []


def _schedulers(lr: Mapping[str, Any]) -> Iterator[str]:
    if lr.get("warmup"):
        factor, end = lr.get("warmup_ratio", 0.1), lr.get("warmup_iters", 500)
        yield f"dict(type='LinearLR', start_factor={factor}, by_epoch=False, begin=0, end={end})"
    policy = str(lr.get("policy"))
    known = _SCHEDULERS.get(policy)
    yield (
        f"dict({known.format(**{**_USUAL, **lr})})" if known else f"(none is known for {policy!r})"
    )


def move_pretrained(model: Any) -> list[str]:
    """Move a detector's `pretrained` to its backbone, where MMDetection 3 has it; say so."""
    if not isinstance(model, dict) or "pretrained" not in model or "backbone" not in model:
        return []
    checkpoint = model.pop("pretrained")
    model["backbone"]["init_cfg"] = {"type": "Pretrained", "checkpoint": checkpoint}
    return ["model.pretrained -> model.backbone.init_cfg"]


def _model_lines(model: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[str]:
    if not (model.get("data_preprocessor") or config.get("data_preprocessor")):
        yield (
            "MMDetection 2 normalized in its pipelines; add data_preprocessor=dict("
            "type='DetDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, "
            "57.375], bgr_to_rgb=True, pad_size_divisor=32), or what its `img_norm_cfg` says"
        )


def written(value: Any) -> str:
    """Return a config's value as one writes it: dicts as `dict(...)`."""
    if isinstance(value, Mapping):
        return f"dict({', '.join(f'{key}={written(inner)}' for key, inner in value.items())})"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    return repr(value)
