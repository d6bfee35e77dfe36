"""Fusing models: WBF, NMS, soft-NMS and NMW on whole data sets, and the search for a recipe."""

from custom.ensemble.checks import prepare
from custom.ensemble.config import BACKENDS, CONF_TYPES, METHODS, FusionConfig
from custom.ensemble.duplicates import dedupe, duplicate_rate, find_duplicating
from custom.ensemble.fusing import FusionResult, fuse, fuse_prepared, fuse_with_notes

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
