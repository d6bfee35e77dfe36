"""What differs between two resolved configs, read as text and never executed."""

from __future__ import annotations

import ast

from custom.errors import PodiumError
from custom.files import PathLike, read_bytes

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


def config_differences(old: PathLike, new: PathLike) -> list[str]:
    """Return what changed from one resolved config to another, as `key: old -> new`.

    Args:
        old: The baseline's `config.py`.
        new: The run's.

    Raises:
        PodiumError: If a file is missing or no Python.
    """
    before, after = flat_config(old), flat_config(new)
    keys = [*after, *(key for key in before if key not in after)]
    return [
        f"{key}: {before.get(key, ABSENT)} -> {after.get(key, ABSENT)}"
        for key in keys
        if before.get(key) != after.get(key)
    ]


def flat_config(path: PathLike) -> dict[str, str]:
    """Return the settings of a resolved config as text by dotted key, without paths and seeds."""
    try:
        tree = ast.parse(read_bytes(path))
    except SyntaxError as error:
        raise PodiumError(f"{path} must be a config in Python, but: {error}") from error
    flat: dict[str, str] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = statement.targets[0].id
            if name not in IGNORED:
                _flatten(name, statement.value, flat)
    return flat


def _flatten(key: str, node: ast.expr, flat: dict[str, str]) -> None:
    """Add a value to the flat settings; dicts and lists of dicts are opened, other lists kept."""
    children = _children(node)
    if children is None:
        flat[key] = ast.unparse(node)
        return
    for name, child in children:
        if name != "seed":
            _flatten(f"{key}.{name}", child, flat)


def _children(node: ast.expr) -> list[tuple[str, ast.expr]] | None:
    """Return what a dict or a list of dicts holds, or None for a plain value."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "dict" and not node.args:
        return [(str(keyword.arg), keyword.value) for keyword in node.keywords]
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return [(ast.unparse(key).strip("'\""), value) for key, value in pairs if key is not None]
    if isinstance(node, ast.List | ast.Tuple):
        opened = [_children(element) for element in node.elts]
        if any(children is not None for children in opened):
            return [(str(index), element) for index, element in enumerate(node.elts)]
    return None
