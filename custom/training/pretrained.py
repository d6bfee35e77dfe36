"""The pretrained weights that a config starts from: where it names them, leaving them out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from custom.training.nodes import dicts_below


def pretrained_weights(model: Any) -> list[str]:
    """Return the files, URLs and names of the weights that parts of a model start from."""
    return [each["checkpoint"] for each in _inits(model)] + [
        each["pretrained"] for each in _with_pretrained(model)
    ]


def strip_pretrained(model: Any) -> None:
    """Let every part of a model start from scratch."""
    for each in dicts_below(model):
        init = each.get("init_cfg")
        if _is_pretrained(init):
            each["init_cfg"] = None
        elif isinstance(init, list):
            each["init_cfg"] = [one for one in init if not _is_pretrained(one)]
    for each in _with_pretrained(model):
        each["pretrained"] = None


def _inits(model: Any) -> Iterator[dict[str, Any]]:
    for each in dicts_below(model):
        init: Any = each.get("init_cfg")
        for one in init if isinstance(init, list) else [init]:
            if _is_pretrained(one):
                yield one


def _is_pretrained(init: Any) -> bool:
    return isinstance(init, dict) and str(init.get("type")).rpartition(".")[2] in (
        "Pretrained",
        "PretrainedInit",
    )


def _with_pretrained(model: Any) -> list[dict[str, Any]]:
    """Return the parts with `pretrained=`, as DetectoRS and configs of MMDetection 2 have it."""
    return [each for each in dicts_below(model) if isinstance(each.get("pretrained"), str)]
