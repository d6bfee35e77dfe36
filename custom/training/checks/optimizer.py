"""Settings for single parameters reach some parameter."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from mmengine.registry import init_default_scope

from custom.errors import PodiumError
from custom.training.checks.facts import Facts

# Published recipes name them for every transformer, also for one that has no such parameter.
_OF_RECIPES = (
    "absolute_pos_embed", "pos_embed", "cls_token", "relative_position_bias_table", "norm",
    "query_embed", "query_feat", "level_embed", "reference_points",
)  # fmt: skip


def check_custom_keys(facts: Facts) -> None:
    """Refuse `custom_keys` that match no parameter of the model.

    Raises:
        PodiumError: With the key, and a part of the model that it may have meant.
    """
    for fault in custom_key_faults(facts.config):
        raise PodiumError(fault)


def custom_key_faults(config: Any) -> list[str]:
    """Return what is wrong with `custom_keys`; the model is built where a config has some."""
    wrapper = config.get("optim_wrapper")
    paramwise = wrapper.get("paramwise_cfg") if isinstance(wrapper, Mapping) else None
    keys = paramwise.get("custom_keys") if isinstance(paramwise, Mapping) else None
    return unmatched_keys(keys, _parameter_names(config)) if keys else []


def _parameter_names(config: Any) -> list[str]:
    from mmdet.registry import MODELS

    init_default_scope(config.get("default_scope") or "mmdet")
    # A copy: DETRs write into the config that they are built from, which then builds no second.
    model = MODELS.build(copy.deepcopy(config.model))
    return [name for name, _ in model.named_parameters()]


def unmatched_keys(keys: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return a sentence for each key that is part of no parameter's name."""
    names = list(names)
    parts = sorted({part for name in names for part in name.split(".")})
    faults = []
    for key in keys:
        if key in _OF_RECIPES or any(key in name for name in names):
            continue
        near = get_close_matches(key, parts, n=1)
        remedy = f"did you mean {near[0]}?" if near else "print the model's parameters for theirs"
        faults.append(
            f"optim_wrapper.paramwise_cfg.custom_keys must be parts of parameter names, but "
            f"{key!r} is in none of the model's {len(names)}; {remedy}"
        )
    return faults
