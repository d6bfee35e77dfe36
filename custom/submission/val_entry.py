"""What a submission's `.meta.json` says of its score on validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from custom.evaluation.metrics import DEFAULT_METRIC

# What the value was called when there was one metric.
_OLD_VALUE = "mAP50"


@dataclass(frozen=True)
class ValEntry:
    """A score on validation.

    Attributes:
        metric: Its name.
        value: None where it is not known.
        interval: The 95% interval over the images; None where it is not known.
    """

    metric: str
    value: float | None = None
    interval: tuple[float, float] | None = None


def val_entry_of(meta: Mapping[str, Any]) -> ValEntry:
    """Return what a meta file says; nothing is known of an empty one."""
    content = meta.get("val") or {}
    value = content.get("value", content.get(_OLD_VALUE))
    interval = content.get("interval")
    return ValEntry(
        content.get("metric") or DEFAULT_METRIC,
        None if value is None else float(value),
        None if interval is None else (float(interval[0]), float(interval[1])),
    )
