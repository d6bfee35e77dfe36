"""What MMDetection's configs have that cannot be trained with here, replaced by what can.

Each replacement is one unambiguous line to say; what is ambiguous is refused by the checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mmengine.config import Config, ConfigDict

from custom.errors import PodiumError
from custom.training.metric import best_checkpoint
from custom.training.nodes import dicts_below, name_of

# Metrics of MMDetection that read an annotation file; ours takes their place.
_METRICS = ("CocoMetric", "VOCMetric", "LVISMetric", "OpenImagesMetric", "CrowdHumanMetric")
_OF_CACHE = ("max_cached_images", "random_pop")
# MMDetection's transforms that mix images, and whether they need a data set or a cache around.
_MIXING = ("Mosaic", "CachedMosaic", "MixUp", "CachedMixUp", "CopyPaste")


def replace_stock_parts(config: Config) -> list[str]:
    """Replace what would end a training, or escape its seed; `config` is changed.

    Returns:
        What was replaced by what, a line each.

    Raises:
        PodiumError: If a part has settings that its replacement cannot follow.
    """
    return [line for replace in _REPLACEMENTS for line in replace(config)]


def _evaluators(config: Config) -> Iterator[str]:
    """Put `CompetitionMetric` in the place of MMDetection's metrics."""
    for key in ("val_evaluator", "test_evaluator"):
        evaluator = config.get(key)
        if isinstance(evaluator, list | tuple):
            names = [name_of(each) for each in evaluator]
            others = [name for name in names if name not in (*_METRICS, "CompetitionMetric")]
            if others or not names:
                raise PodiumError(
                    f"{key} must be CompetitionMetric alone, but is a list of {names}; take it out "
                    "of the config, or score runs with tools/runs.py and tools/gate.py afterwards"
                )
            config[key] = ConfigDict(type="CompetitionMetric")
            yield f"{key}: CompetitionMetric takes the place of {', '.join(names)}"
        elif (name := name_of(evaluator)) in _METRICS:
            config[key] = ConfigDict(type="CompetitionMetric")
            yield f"{key}: CompetitionMetric, on the competition's file, takes the place of {name}"


def _checkpoint_hook(config: Config) -> Iterator[str]:
    """Let a checkpoint hook that keeps no best weights keep them."""
    hooks = config.setdefault("default_hooks", ConfigDict())
    if not isinstance(hooks, dict):
        raise PodiumError(f"default_hooks must be a dict of hooks, but is {hooks!r}")
    hook = hooks.setdefault("checkpoint", ConfigDict(type="CheckpointHook", interval=-1))
    if isinstance(hook, dict) and hook.get("save_best") in (None, "auto"):
        hook.setdefault("type", "CheckpointHook")
        hook.update(best := best_checkpoint(config))
        key = best["save_best"]
        yield f"default_hooks.checkpoint: save_best={key!r}, the weights that are published"


def _mixed_dataset(config: Config) -> Iterator[str]:
    """Take `MultiImageMixDataset` from around the training set; its pipeline goes inside."""
    loader = config.get("train_dataloader")
    for holder in dicts_below(loader):
        wrapper: Any = holder.get("dataset")
        if name_of(wrapper) != "MultiImageMixDataset":
            continue
        inner = wrapper["dataset"]
        skipped = set(wrapper.get("skip_type_keys") or ())
        outer = [each for each in wrapper.get("pipeline") or () if name_of(each) not in skipped]
        inner["pipeline"] = [*(inner.get("pipeline") or ()), *outer]
        holder["dataset"] = inner
        yield (
            "train_dataloader.dataset: MultiImageMixDataset, whose samples do not follow the seed, "
            "is taken away; its transforms find other images by themselves"
        )


def _mixing(config: Config) -> Iterator[str]:
    """Put transforms that follow the seed in the place of those that need a data set or a cache."""
    nodes = (config.get(key) for key in ("train_dataloader", "augmentations", "custom_hooks"))
    seen: set[str] = set()
    for holder in [holder for node in nodes for holder in _lists_below(node)]:
        for position, transform in enumerate(holder):
            if (name := name_of(transform)) in _MIXING:
                holder[position] = _seeded(name, transform)
                if name not in seen:
                    yield f"{name} is {_described(holder[position])}, which follows the seed"
                seen.add(name)


def _lists_below(node: Any) -> Iterator[list[Any]]:
    """Yield every list in a config, but for what `WithPartners` is handed."""
    if isinstance(node, list):
        yield node
    children = node.values() if isinstance(node, dict) else node
    if isinstance(node, dict | list | tuple) and name_of(node) != "WithPartners":
        for child in children:
            yield from _lists_below(child)


def _seeded(name: str, transform: dict[str, Any]) -> ConfigDict:
    plain = {k: v for k, v in transform.items() if k not in ("type", *_OF_CACHE)}
    if name.endswith("Mosaic"):
        return ConfigDict(type="SeededMosaic", **plain)
    prob = plain.pop("prob", 1.0) if name == "CachedMixUp" else 1.0
    kind = name.removeprefix("Cached")
    return ConfigDict(type="WithPartners", prob=prob, transform=dict(type=kind, **plain))


def _described(transform: ConfigDict) -> str:
    inner = transform.get("transform")
    return f"{transform['type']}({inner['type']})" if inner else str(transform["type"])


def _switches(config: Config) -> Iterator[str]:
    """Put a `StagesHook` in the place of MMDetection's hooks that switch the pipeline."""
    hooks = config.get("custom_hooks")
    for position, hook in enumerate(hooks if isinstance(hooks, list) else ()):
        make = {"YOLOXModeSwitchHook": _yolox_stage, "PipelineSwitchHook": _pipeline_stage}.get(
            name_of(hook)
        )
        if make is not None:
            stage = make(config, hook)
            hooks[position] = ConfigDict(type="StagesHook", stages=[stage])
            yield f"{name_of(hook)} is StagesHook, with a stage from epoch {stage['epoch']} on"


def _pipeline_stage(config: Config, hook: dict[str, Any]) -> dict[str, Any]:
    return dict(epoch=hook["switch_epoch"] + 1, pipeline=hook["switch_pipeline"])


def _yolox_stage(config: Config, hook: dict[str, Any]) -> dict[str, Any]:
    """Return the stage that leaves out the mixing and adds the L1 loss."""
    skipped = tuple(hook.get("skip_type_keys") or ("Mosaic", "RandomAffine", "MixUp"))
    first = config.train_cfg["max_epochs"] - hook.get("num_last_epochs", 15)
    if first < 2:
        raise PodiumError(
            f"YOLOXModeSwitchHook ends the mixing {hook.get('num_last_epochs', 15)} epochs before "
            f"the end, but train_cfg.max_epochs is {config.train_cfg['max_epochs']}; set its "
            "num_last_epochs lower, or take the hook and the mixing out of the config"
        )
    pipelines = [
        each["pipeline"] for each in dicts_below(config.train_dataloader) if "pipeline" in each
    ]
    kept = [transform for transform in pipelines[-1] if _original(transform) not in skipped]
    return dict(epoch=first, pipeline=kept, attributes={"bbox_head.use_l1": True})


def _original(transform: dict[str, Any]) -> str:
    """Return MMDetection's name of a transform that was replaced."""
    name = name_of(transform)
    if name == "WithPartners":
        return name_of(transform["transform"])
    return "Mosaic" if name == "SeededMosaic" else name


_REPLACEMENTS: tuple[Callable[[Config], Iterator[str]], ...] = (
    _evaluators,
    _checkpoint_hook,
    _mixed_dataset,
    _mixing,
    _switches,
)
