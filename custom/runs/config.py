"""A run's resolved config as data: `config.json` for programs, `config.py` for people.

Nothing here executes a config. A run without `config.json`, made before there was one, is read from
its `config.py` as long as that holds plain values alone, as MMEngine writes them.
"""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from custom.errors import PodiumError
from custom.files import PathLike, canonical_hash, read_bytes, write_bytes, write_text

CONFIG = "config.json"
FOR_PEOPLE = "config.py"
# What JSON has no form for is an object with one of these as its only key.
_TUPLE, _FLOAT, _DICT = "$tuple", "$float", "$dict"
_NUMBERS = {"inf": math.inf, "nan": math.nan}


def write_config(folder: PathLike, config: Mapping[str, Any], text: str) -> None:
    """Write a resolved config into a run's folder, as data and as `text` for people.

    Raises:
        PodiumError: If it holds a value that is no data; its place is named.
    """
    content = json.dumps(encode(config), indent=1, allow_nan=False, ensure_ascii=False)
    write_bytes(Path(folder) / CONFIG, f"{content}\n".encode())
    write_text(Path(folder) / FOR_PEOPLE, text)


def config_hash(config: Mapping[str, Any]) -> str:
    """Return the hash that a run's record keeps of its config, whatever the order of its keys."""
    return canonical_hash(encode(config))


def has_config(folder: PathLike) -> bool:
    """Return whether a run's folder holds its resolved config."""
    return any((Path(folder) / name).is_file() for name in (CONFIG, FOR_PEOPLE))


def read_config(
    folder: PathLike, expected: str | None = None, only: Collection[str] | None = None
) -> dict[str, Any]:
    """Return a run's resolved config, without executing anything.

    Args:
        folder: The run's folder.
        expected: The `config_hash` of its record, where it has one.
        only: Top-level keys to read; all if None.

    Raises:
        PodiumError: If there is none, it is damaged or no plain data, or its hash is another.
    """
    path = Path(folder) / CONFIG
    if path.is_file():
        config = _decoded(path)
        hashes = [config_hash(config)] if expected else []
        config = config if only is None else {k: v for k, v in config.items() if k in only}
    else:
        path = Path(folder) / FOR_PEOPLE
        text = read_bytes(path).decode("utf-8", errors="replace")
        config = parse_config(text, path, only)
        # The record's hash was once that of the text; with `config.json` it is that of the data.
        hashes = [canonical_hash(text)] if expected else []
        if expected and expected not in hashes and only is None:
            hashes.append(config_hash(config))
    if expected and expected not in hashes:
        raise PodiumError(
            f"{path} must be the config that the run's record was made with ({expected[:12]}), but "
            "its content has changed; restore it, or train again"
        )
    return config


def encode(value: Any, key: str = "config") -> Any:
    """Return a config's value in the form that JSON has; `decode` gives it back unchanged.

    Classes and functions become their names, arrays of numpy's lists, its scalars numbers.

    Args:
        value: Dicts, lists, tuples, text, numbers, None, and classes.
        key: Where it stands, for the message.

    Raises:
        PodiumError: If it holds anything else.
    """
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {_FLOAT: str(value)}
    if isinstance(value, list):
        return [encode(inner, f"{key}[{index}]") for index, inner in enumerate(value)]
    if isinstance(value, tuple):
        return {_TUPLE: [encode(inner, f"{key}[{index}]") for index, inner in enumerate(value)]}
    if isinstance(value, Mapping):
        pairs = [(encode(k, key), encode(inner, f"{key}.{k}")) for k, inner in value.items()]
        plain = all(isinstance(k, str) and not k.startswith("$") for k in value)
        return dict(pairs) if plain else {_DICT: [list(pair) for pair in pairs]}
    if isinstance(name := getattr(value, "__qualname__", None), str):
        return f"{value.__module__}.{name}"
    raise PodiumError(
        f"{key} must be plain data (numbers, text, lists, dicts, None or a class), but is "
        f"{value!r:.80}; a run must be able to keep its config"
    )


def decode(value: Any) -> Any:
    """Return the value that `encode` was given."""
    if isinstance(value, list):
        return [decode(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and (form := next(iter(value))) in (_TUPLE, _FLOAT, _DICT):
        inner = value[form]
        if form == _FLOAT:
            return float(inner)
        if form == _TUPLE:
            return tuple(decode(each) for each in inner)
        return {decode(k): decode(v) for k, v in inner}
    return {key: decode(inner) for key, inner in value.items()}


def parse_config(
    text: str, source: PathLike = "config", only: Collection[str] | None = None
) -> dict[str, Any]:
    """Return the settings of a resolved config in Python: assignments of plain values, read only.

    Args:
        text: As MMEngine's `Config.pretty_text`: literals, `dict(...)`, `inf`, `nan`, and dotted
            names of classes, which become text.
        source: Its file, for the message.
        only: Top-level keys to read; other statements are then passed over.

    Raises:
        PodiumError: If it is no Python, or something in it is no plain value.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise PodiumError(f"{source} must be a config in Python, but: {error}") from error
    settings: dict[str, Any] = {}
    for statement in tree.body:
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        name = target.id if isinstance(target, ast.Name) else None
        if only is not None and name not in only:
            continue
        try:
            if name is None or not isinstance(statement, ast.Assign):
                raise ValueError
            settings[name] = _literal(statement.value)
        except (ValueError, TypeError):
            raise PodiumError(
                f"{source}:{statement.lineno}: a run's config must be plain values, since it is "
                f"read and not executed, but has {ast.unparse(statement)!r:.80}"
            ) from None
    return settings


def _decoded(path: Path) -> dict[str, Any]:
    try:
        config = decode(json.loads(read_bytes(path)))
    except (ValueError, TypeError, RecursionError) as error:
        raise PodiumError(f"{path} must be a run's config in JSON, but: {error}") from error
    if not isinstance(config, dict):
        raise PodiumError(f"{path} must hold a config's keys, but holds a {type(config).__name__}")
    return config


def _literal(node: ast.expr) -> Any:
    """Return the value of a plain expression; anything else is a ValueError."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict":
        if node.args or any(keyword.arg is None for keyword in node.keywords):
            raise ValueError
        return {str(keyword.arg): _literal(keyword.value) for keyword in node.keywords}
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return {_literal(key): _literal(value) for key, value in pairs if key is not None}
    if isinstance(node, ast.List):
        return [_literal(element) for element in node.elts]
    if isinstance(node, ast.Tuple):
        return tuple(_literal(element) for element in node.elts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_literal(node.operand)
    if isinstance(node, ast.Name) and node.id in _NUMBERS:
        return _NUMBERS[node.id]
    if isinstance(node, ast.Attribute):  # a class, as MMEngine prints it
        return f"{_dotted(node.value)}.{node.attr}"
    return ast.literal_eval(node)


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Name):
        return node.id
    raise ValueError
