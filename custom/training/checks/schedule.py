"""The training ends with weights: it validates, keeps the best, and its device can do it."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from custom.errors import PodiumError
from custom.gate.policy import GatePolicy
from custom.training.checks.facts import Facts
from custom.training.metric import best_checkpoint
from custom.training.nodes import name_of


def check_validates(facts: Facts) -> None:
    """Check that at least one epoch is validated, by the competition's metric."""
    if facts.on_all_folds:
        return
    config = facts.config
    for key in ("val_dataloader", "val_cfg", "val_evaluator"):
        if not isinstance(config.get(key), Mapping):
            raise PodiumError(
                f"{key} must be a dict, since the weights that are kept are those of the best "
                f"validation, but is {config.get(key)!r}; inherit from configs/_base_/datasets/ "
                "and configs/_base_/schedules/"
            )
    if (metric := name_of(config.val_evaluator)) != "CompetitionMetric":
        raise PodiumError(
            f"val_evaluator must be CompetitionMetric, which scores the sealed fold, but is "
            f"{metric or config.val_evaluator!r}; take it out of the config"
        )
    loop = config.train_cfg
    epochs, begin = _whole(loop, "max_epochs"), _whole(loop, "val_begin", 1)
    _whole(loop, "val_interval", 1)
    if begin > epochs:
        raise PodiumError(
            f"train_cfg.val_begin must be at most max_epochs ({epochs}), but is {begin}: no epoch "
            "would be validated, and no weights kept"
        )


def _whole(loop: Mapping[str, object], key: str, default: int | None = None) -> int:
    """Return a number of epochs."""
    value = loop.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise PodiumError(f"train_cfg.{key} must be a whole number of at least 1, but is {value!r}")
    return value


def check_keeps_best(facts: Facts) -> None:
    """Check that the weights of the best validation are saved, and best means what is published."""
    hook = facts.config.get("default_hooks", {}).get("checkpoint")
    if not isinstance(hook, Mapping):
        raise PodiumError(
            f"default_hooks.checkpoint must be a CheckpointHook, which saves the best weights, but "
            f"is {hook!r}; take it out of the config"
        )
    if facts.on_all_folds:
        return
    best, rule = hook.get("save_best"), hook.get("rule")
    wanted = best_checkpoint(facts.config)
    if best != wanted["save_best"] or rule not in (None, wanted["rule"]):
        extreme = "greatest" if wanted["rule"] == "greater" else "least"
        raise PodiumError(
            f"default_hooks.checkpoint must save the weights with the {extreme} "
            f"{wanted['save_best']}, which are published, but has save_best={best!r}, "
            f"rule={rule!r}; take both out of the config, and say competition.metric instead"
        )


def check_gate(facts: Facts) -> None:
    """Check the policy that the run will be gated by."""
    policy = facts.config.get("gate") or {}
    if not isinstance(policy, Mapping):
        raise PodiumError(f"gate must be a dict, but is {policy!r}")
    GatePolicy.from_dict(policy)


def check_batches(facts: Facts) -> None:
    """Check that an epoch has at least one batch."""
    loader = facts.config.train_dataloader
    size, images = loader.get("batch_size", 1), len(facts.chosen.images)
    if loader.get("drop_last") and isinstance(size, int) and size > images:
        raise PodiumError(
            f"train_dataloader.batch_size must be at most the {images} images of the train part, "
            f"but is {size}, and drop_last leaves out incomplete batches: an epoch has none"
        )


def check_device(facts: Facts) -> None:
    """Refuse mixed precision where MMEngine has none: without CUDA it ends in an assertion."""
    amp = name_of(facts.config.get("optim_wrapper")) == "AmpOptimWrapper"
    if amp and not torch.cuda.is_available():
        raise PodiumError("--amp needs a CUDA device, but there is none; train without it")
