"""Arguments that the class they are for does not have."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import mmdet.registry as registries
from mmengine.config import Config
from mmengine.registry import Registry, init_default_scope
from torch.utils.data import DataLoader

from custom.training.configuration import register_parts

# What the runner takes out of a dict, or adds to it, before the class is built.
_FOR_THE_BUILDER = {
    "type", "_scope_", "_delete_", "init_cfg", "convert_to_iter_based", "epoch_length",
    "fallback_on_stride", "priority", "requires_grad", "constructor", "paramwise_cfg",
}  # fmt: skip
# What a dataloader's dict has besides the arguments of torch's own.
_LOADER_KEYS = {"dataset", "num_batch_per_epoch", "worker_init_fn", "collate_fn"}
_PLACES = {
    "model": ("MODELS",),
    "train_dataloader": ("DATASETS", "TRANSFORMS", "DATA_SAMPLERS"),
    "val_dataloader": ("DATASETS", "TRANSFORMS", "DATA_SAMPLERS"),
    "test_dataloader": ("DATASETS", "TRANSFORMS", "DATA_SAMPLERS"),
    "augmentations": ("TRANSFORMS",),
    "custom_hooks": ("HOOKS", "TRANSFORMS"),
    "default_hooks": ("HOOKS",),
    "param_scheduler": ("PARAM_SCHEDULERS",),
    "train_cfg": ("LOOPS",),
    "optim_wrapper": ("OPTIM_WRAPPERS", "OPTIMIZERS"),
    "log_processor": ("LOG_PROCESSORS",),
    "visualizer": ("VISUALIZERS", "VISBACKENDS"),
    "val_evaluator": ("METRICS",),
    "test_evaluator": ("METRICS",),
}


def unknown_arguments(config: Config) -> Iterator[tuple[str, str]]:
    """Yield dotted keys that their class does not take, with a message."""
    register_parts(config)
    init_default_scope(config.get("default_scope") or "mmdet")
    for place, names in _PLACES.items():
        kinds = [getattr(registries, name) for name in names]
        yield from _below(place, config.get(place), kinds)
        if place.endswith("_dataloader"):
            yield from _of_loader(place, config.get(place) or {})


def _of_loader(key: str, node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the keys of a dataloader's dict, which has no `type`, that torch's does not take."""
    accepted = _LOADER_KEYS | set(inspect.signature(DataLoader).parameters) | _FOR_THE_BUILDER
    for name in node:
        if name not in accepted:
            yield f"{key}.{name}", "a dataloader has no such argument"


def _below(key: str, node: Any, kinds: list[Registry]) -> Iterator[tuple[str, str]]:
    """Yield the unknown arguments of every built dict below `node`."""
    children: Any = node.items() if isinstance(node, dict) else ()
    if isinstance(node, list | tuple):
        children = enumerate(node)
    if isinstance(node, dict) and isinstance(node.get("type"), str):
        yield from _of_one(key, dict(node), kinds)
    for name, child in children:
        yield from _below(f"{key}.{name}", child, kinds)


def _of_one(key: str, node: dict[str, Any], kinds: list[Registry]) -> Iterator[tuple[str, str]]:
    found = next((made for kind in kinds if (made := kind.get(node["type"])) is not None), None)
    accepted = accepted_arguments(found) if inspect.isclass(found) else None
    if accepted is None:
        return
    for name in node:
        if name not in accepted and name not in _FOR_THE_BUILDER:
            yield f"{key}.{name}", f"{node['type']} has no such argument"


def accepted_arguments(kind: type) -> set[str] | None:
    """Return the names that a class can be built with, or None where it takes any.

    `**kwargs` are followed up the class's parents.
    """
    names: set[str] = set()
    for parent in kind.__mro__:
        init = parent.__dict__.get("__init__")
        if init is None or parent is object:
            continue
        parameters = list(inspect.signature(init).parameters.values())[1:]
        names |= {p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
        if all(p.kind != p.VAR_KEYWORD for p in parameters):
            return names
    return None
