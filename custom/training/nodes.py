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


def name_of(node: Any) -> str:
    """Return the name of the class that a dict is built into, without a scope; "" if none."""
    kind = node.get("type", "") if isinstance(node, dict) else ""
    name = kind if isinstance(kind, str) else getattr(kind, "__name__", "")
    return name.rpartition(".")[2]


def without_scopes(node: Any) -> Any:
    """Return a copy without the `_scope_` that MMEngine adds to another package's dicts."""
    if isinstance(node, dict):
        return {key: without_scopes(value) for key, value in node.items() if key != "_scope_"}
    if isinstance(node, list | tuple):
        return type(node)(without_scopes(value) for value in node)
    return node
