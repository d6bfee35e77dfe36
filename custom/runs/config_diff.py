"""What differs between two resolved configs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

# Names in a resolved config that say where, how and why it ran, not what was trained.
IGNORED = (
    "work_dir",
    "randomness",
    "visualizer",
    "vis_backends",
    "tracking",
    "gate",
    "log_level",
    "resume",
    "launcher",
)
ABSENT = "absent"


def config_differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return what changed from one resolved config to another, as `key: old -> new`.

    Args:
        old: The baseline's config.
        new: The run's.
    """
    before, after = flat_config(old), flat_config(new)
    keys = [*after, *(key for key in before if key not in after)]
    return [
        f"{key}: {before.get(key, ABSENT)} -> {after.get(key, ABSENT)}"
        for key in keys
        if before.get(key) != after.get(key)
    ]


def flat_config(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings of a resolved config as text by dotted key, without paths and seeds."""
    flat: dict[str, str] = {}
    for name, value in config.items():
        if name not in IGNORED:
            _flatten(name, value, flat)
    return flat


def _flatten(key: str, value: Any, flat: dict[str, str]) -> None:
    """Add a value to the flat settings; dicts and lists of dicts are opened, other lists kept."""
    children = _children(value)
    if children is None:
        flat[key] = repr(value)
        return
    for name, child in children:
        if name != "seed":
            _flatten(f"{key}.{name}", child, flat)


def _children(value: Any) -> Iterable[tuple[Any, Any]] | None:
    """Return what a dict or a list of dicts holds, or None for a plain value."""
    if isinstance(value, Mapping):
        return value.items()
    if isinstance(value, list | tuple) and any(_children(each) is not None for each in value):
        return enumerate(value)
    return None
