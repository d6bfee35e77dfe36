"""Making a config follow the seed, and saying what changed between two of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.config import Config, ConfigDict

from custom.errors import PodiumError

_TRAIN_LOOPS = ("EpochBasedTrainLoop", "ResumableEpochLoop")
_LARGEST_SEED = 2**32 - 1  # of numpy.random.seed
_SAMPLERS = ("DefaultSampler", "SeededSampler", "ClassBalancedSampler", "LabelWeightedSampler")

# What may differ between a training and its resumption without changing what is trained.
NOT_TRAINED_ON = (
    "work_dir", "resume", "load_from", "launcher", "log_level", "log_processor", "visualizer",
    "vis_backends", "tracking", "gate", "default_hooks", "env_cfg", "custom_imports",
    "test_dataloader", "test_evaluator", "test_cfg", "tta_model", "tta_pipeline", "filename",
)  # fmt: skip
_LOADER_KEYS_FREE_TO_CHANGE = ("num_workers", "persistent_workers", "prefetch_factor", "pin_memory")


def apply_seed(cfg: Config, seed: int, resume_interval: int = 500) -> Config:
    """Make the training of `cfg` a function of `seed`; `cfg` is changed and returned.

    The seed given here is the only one: those in the config are replaced. The train loop becomes
    `ResumableEpochLoop`, the sampler `SeededSampler` unless it is a balanced one, and
    `ResumePointHook` is added.

    Args:
        cfg: The resolved config.
        seed: The training's seed.
        resume_interval: Iterations between two resume points.

    Raises:
        PodiumError: If the seed is none, or the train loop or the sampler cannot follow one.
    """
    if not 0 <= seed <= _LARGEST_SEED:
        raise PodiumError(f"seed must be 0 to {_LARGEST_SEED}, but is {seed}")
    cfg.randomness = {"seed": seed, "deterministic": False}
    cfg.setdefault("env_cfg", ConfigDict())["cudnn_benchmark"] = False
    loop = cfg.train_cfg
    by_epoch = loop.pop("by_epoch", True)
    kind = _name_of(loop.get("type", "EpochBasedTrainLoop"))
    if not by_epoch or kind not in _TRAIN_LOOPS:
        raise PodiumError(
            f"train_cfg must be one of {', '.join(_TRAIN_LOOPS)}, but is {kind}; count in epochs "
            "to train with a seed"
        )
    loop["type"] = "ResumableEpochLoop"
    _seed_sampler(cfg.train_dataloader)
    _add_resume_point(cfg, resume_interval)
    return cfg


def _name_of(kind: str | type) -> str:
    return kind if isinstance(kind, str) else kind.__name__


def _seed_sampler(dataloader: ConfigDict) -> None:
    """Replace the sampler by one that follows the runner's seed."""
    sampler = dataloader.setdefault("sampler", ConfigDict(type="DefaultSampler", shuffle=True))
    kind = _name_of(sampler["type"])
    if kind not in _SAMPLERS:
        raise PodiumError(
            f"the training's sampler must be one of {', '.join(_SAMPLERS)}, but is {kind}"
        )
    if kind == "DefaultSampler":
        sampler["type"] = "SeededSampler"
        sampler.pop("round_up", None)
    sampler.pop("seed", None)


def _add_resume_point(cfg: Config, interval: int) -> None:
    hooks = list(cfg.get("custom_hooks") or [])
    if wrong := [hook for hook in hooks if not isinstance(hook, dict) or "type" not in hook]:
        raise PodiumError(
            f"custom_hooks must be dicts with a type, but one is {wrong[0]!r}; write them "
            "in a config"
        )
    if not any(_name_of(hook["type"]) == "ResumePointHook" for hook in hooks):
        hooks.append(ConfigDict(type="ResumePointHook", interval=interval))
    cfg.custom_hooks = hooks


def config_changes(old: Config, new: Config) -> list[str]:
    """Return what differs between two configs of one training, as lines to print.

    What has no effect on the training is left out: folders, logging, workers, testing.

    Example:
        >>> config_changes(Config({"train_cfg": {"max_epochs": 12}}),
        ...                Config({"train_cfg": {"max_epochs": 24}}))
        ['train_cfg.max_epochs: 12 -> 24']
    """
    return changed_values(training_values(old), training_values(new))


def training_values(config: Config) -> dict[str, str]:
    """Return what a config trains, as texts by dotted key, to be kept beside the weights."""
    flat = _flat(config.to_dict())
    return {key: str(value) for key, value in flat.items() if not is_free(key)}


def changed_values(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return the lines of `config_changes` from what two configs train."""
    keys = [*before, *(key for key in after if key not in before)]
    pairs = [(key, before.get(key, _ABSENT), after.get(key, _ABSENT)) for key in keys]
    return [f"{key}: {old} -> {new}" for key, old, new in pairs if old != new]


_ABSENT = "(absent)"


def is_free(key: str) -> bool:
    """Return whether a dotted key may change without changing what is trained."""
    top, *rest = key.split(".")
    # Without validation there is a `val_dataloader` of None, with nothing below.
    loader = top in ("train_dataloader", "val_dataloader") and rest
    if loader and rest[0] in _LOADER_KEYS_FREE_TO_CHANGE:
        return True
    return top in NOT_TRAINED_ON or top.startswith("_")


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """Return the leaves of nested dicts and lists by dotted key; tuples count as lists."""
    if isinstance(value, dict) and value:
        items: Any = value.items()
    elif isinstance(value, list | tuple) and value:
        items = enumerate(value)
    else:
        return {prefix: list(value) if isinstance(value, tuple) else value}
    leaves: dict[str, Any] = {}
    for key, inner in items:
        leaves.update(_flat(inner, f"{prefix}.{key}" if prefix else str(key)))
    return leaves
