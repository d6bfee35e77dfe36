"""Fusing models: WBF, NMS, soft-NMS and NMW on whole data sets, and the search for a recipe."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from custom.ensemble.config import FusionConfig
    from custom.ensemble.fusing import FusionResult, fuse_prepared
    from custom.ensemble.methods import BACKENDS, CONF_TYPES, METHODS
    from custom.ensemble.preparing import (
        dedupe,
        duplicate_rate,
        find_duplicating,
        fuse,
        fuse_with_notes,
        prepare,
    )

_MODULE_OF = {
    "BACKENDS": "methods",
    "CONF_TYPES": "methods",
    "METHODS": "methods",
    "FusionConfig": "config",
    "FusionResult": "fusing",
    "dedupe": "preparing",
    "duplicate_rate": "preparing",
    "find_duplicating": "preparing",
    "fuse": "preparing",
    "fuse_prepared": "fusing",
    "fuse_with_notes": "preparing",
    "prepare": "preparing",
}

__all__ = [
    "BACKENDS",
    "CONF_TYPES",
    "METHODS",
    "FusionConfig",
    "FusionResult",
    "dedupe",
    "duplicate_rate",
    "find_duplicating",
    "fuse",
    "fuse_prepared",
    "fuse_with_notes",
    "prepare",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for: a tool's help needs the methods' names, but not numpy."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
