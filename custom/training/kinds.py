"""What kind of value each key of a config must have, looked at before anything reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import NoneType
from typing import Any

from mmengine.config import Config

from custom.errors import PodiumError

COMPETITION_KEYS = (
    "name", "data_root", "train_ann", "val_ann", "test_ann", "split", "fold", "classes",
    "extra_train", "metric", "format", "task", "exclusive", "flip_pairs",
    "train_images", "val_images", "test_images",
    "depth",
)  # fmt: skip
_REQUIRED = ("model", "train_dataloader", "train_cfg", "optim_wrapper")
_REQUIRED_FACTS = (
    "name",
    "data_root",
    "train_ann",
    "test_ann",
    "split",
    "fold",
    "classes",
)
_Sequence = (list, tuple)
_Text = (str,)

# By dotted key; a part of the way that is not there, or is no dict, is another key's concern.
_KINDS: dict[str, tuple[type, ...]] = {
    "model": (dict,),
    "model.type": (str, type),
    "model.data_preprocessor": (dict, NoneType),
    "data_preprocessor": (dict, NoneType),
    "train_cfg": (dict,),
    "train_cfg.type": (str, type),
    "train_cfg.max_epochs": (int,),
    "train_cfg.val_begin": (int,),
    "train_cfg.val_interval": (int,),
    "optim_wrapper": (dict,),
    "optim_wrapper.optimizer": (dict,),
    "optim_wrapper.paramwise_cfg": (dict, NoneType),
    "optim_wrapper.paramwise_cfg.custom_keys": (dict,),
    "optim_wrapper.clip_grad": (dict, NoneType),
    "param_scheduler": (*_Sequence, dict, NoneType),
    "default_hooks": (dict,),
    "custom_hooks": (*_Sequence, NoneType),
    "custom_imports": (dict, NoneType),
    "env_cfg": (dict,),
    "env_cfg.mp_cfg": (dict, NoneType),
    "env_cfg.dist_cfg": (dict, NoneType),
    "log_processor": (dict,),
    "log_level": (str, int),
    "default_scope": (str, NoneType),
    "visualizer": (dict, NoneType),
    "vis_backends": (*_Sequence, dict, NoneType),
    "randomness": (dict,),
    "randomness.seed": (int, NoneType),
    "load_from": (str, NoneType),
    "resume": (bool,),
    "work_dir": (str, NoneType),
    "experiment_name": (str, NoneType),
    "launcher": (str,),
    "auto_scale_lr": (dict, NoneType),
    "augmentations": _Sequence,
    "multi_scale": (*_Sequence, NoneType),
    "label_smoothing": (int, float),
    "tracking": (*_Sequence, str, NoneType),
    "gate": (dict, NoneType),
    "tta_model": (dict, NoneType),
    "tta_pipeline": (*_Sequence, NoneType),
    "competition": (dict,),
    "competition.name": _Text,
    "competition.data_root": _Text,
    "competition.depth": (*_Sequence, str, NoneType),
    "competition.train_ann": _Text,
    "competition.val_ann": _Text,
    "competition.test_ann": _Text,
    **{f"competition.{part}_images": _Text for part in ("train", "val", "test")},
    "competition.split": _Text,
    "competition.fold": (int, str, NoneType),
    "competition.classes": _Sequence,
    "competition.extra_train": (*_Sequence, NoneType),
    "competition.task": _Text,
    "competition.exclusive": (bool,),
    "competition.flip_pairs": _Sequence,
    **{
        f"{part}_dataloader{key}": kinds
        for part in ("train", "val", "test")
        for key, kinds in {
            "": (dict, NoneType),
            ".dataset": (dict,),
            ".batch_size": (int,),
            ".num_workers": (int,),
            ".persistent_workers": (bool,),
            ".sampler": (dict,),
            ".sampler.type": (str, type),
            ".batch_sampler": (dict, NoneType),
            ".drop_last": (bool,),
        }.items()
    },
    "train_dataloader": (dict,),
    **{f"{part}_cfg": (dict, NoneType) for part in ("val", "test")},
    **{f"{part}_evaluator": (dict, *_Sequence, NoneType) for part in ("val", "test")},
}


def _at_least(least: int) -> tuple[Callable[[Any], bool], str]:
    return lambda value: value >= least, f"at least {least}"


# What a value of the right kind must be besides.
_MORE: dict[str, tuple[Callable[[Any], bool], str]] = {
    "competition.classes": (
        lambda value: bool(value) and all(isinstance(name, str) for name in value),
        "a list of at least one name",
    ),
    **{f"{part}_dataloader.batch_size": _at_least(1) for part in ("train", "val", "test")},
    **{f"{part}_dataloader.num_workers": _at_least(0) for part in ("train", "val", "test")},
    "train_cfg.max_epochs": _at_least(1),
}
_NAMES: dict[type, str] = {
    NoneType: "None", dict: "a dict", list: "a list", tuple: "a tuple", str: "text",
    int: "a whole number", float: "a number", bool: "True or False", type: "a class",
}  # fmt: skip


def check_kinds(config: Config, path: str | Path) -> None:
    """Refuse a config whose values cannot be what their keys are for.

    Args:
        config: As read, with the command's options.
        path: Its file, for the message.

    Raises:
        PodiumError: With the first wrong key, its value and what it must be.
    """
    values = config.to_dict()
    for key, kinds in _KINDS.items():
        _check_kind(values, key, kinds, path)
    for key in ("train", "val", "test"):
        _check_pipelines(values.get(f"{key}_dataloader"), f"{key}_dataloader", path)


def check_complete(config: Config, path: str | Path) -> None:
    """Refuse a config that lacks what a training needs, or has facts that nothing reads.

    Raises:
        PodiumError: With the key.
    """
    for key in _REQUIRED:
        if key not in config:
            raise PodiumError(f"{path} must set {key}, but does not; inherit from configs/_base_/")
    _check_competition(config.competition, path)


def _check_competition(competition: Mapping[str, Any], path: str | Path) -> None:
    for key in _REQUIRED_FACTS:
        if key not in competition:
            raise PodiumError(f"{path} must set competition.{key}, but does not")
    for key in competition:
        if key not in COMPETITION_KEYS:
            near = get_close_matches(str(key), COMPETITION_KEYS, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"it has {', '.join(COMPETITION_KEYS)}"
            raise PodiumError(f"{path}: competition has no {key!r}, which nothing reads; {remedy}")


def _check_kind(values: Any, key: str, kinds: tuple[type, ...], path: str | Path) -> None:
    value = values
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return
        value = value[part]
    right = isinstance(value, kinds) and (not isinstance(value, bool) or bool in kinds)
    holds, expected = _MORE.get(key, (lambda value: True, ""))
    if right and not holds(value):
        raise PodiumError(f"{path}: {key} must be {expected}, but is {value!r}")
    if not right:
        names = " or ".join(_NAMES[kind] for kind in kinds)
        raise PodiumError(f"{path}: {key} must be {names}, but is {value!r}")


def _check_pipelines(node: Any, where: str, path: str | Path) -> None:
    """Refuse a pipeline that is no list of dicts with a type, and data sets that are no dicts."""
    if not isinstance(node, Mapping):
        return
    for key, value in node.items():
        here = f"{where}.{key}"
        if key == "pipeline":
            steps = value if isinstance(value, list | tuple) else [value]
            if not isinstance(value, list | tuple) or not all(map(_is_step, steps)):
                raise PodiumError(
                    f"{path}: {here} must be a list of transforms, dicts with a type, but is "
                    f"{value!r}"
                )
        elif key == "datasets":
            if not isinstance(value, list | tuple):
                raise PodiumError(f"{path}: {here} must be a list of data sets, but is {value!r}")
            for position, inner in enumerate(value):
                _check_kind({"dataset": inner}, "dataset", (dict,), f"{path}: {here}.{position}")
                _check_pipelines(inner, f"{here}.{position}", path)
        else:
            _check_pipelines(value, here, path)


def _is_step(step: Any) -> bool:
    return isinstance(step, Mapping) and isinstance(step.get("type"), str | type)
