"""Walking through the dicts of a config."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def dicts_below(node: Any) -> Iterator[dict[str, Any]]:
    """Yield `node` and every dict inside of it."""
    if isinstance(node, dict):
        yield node
    children = node.values() if isinstance(node, dict) else node
    if isinstance(node, dict | list | tuple):
        for child in children:
            yield from dicts_below(child)
