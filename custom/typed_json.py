"""Records that people may edit: JSON objects read as frozen dataclasses, every value checked.

A field's type says what its key must hold: `str`, `int`, `float`, `bool`, `None`, `Literal`,
another dataclass, `tuple[T, ...]`, `tuple[T, U]`, `Mapping[str, T]`, a union of these, or `Any`.
true and false are no numbers here, although they are to Python. A field called `extra` takes the
keys that the dataclass does not know, and writing puts them back; without it they are refused.
`field(metadata={"key": "class"})` names the key where Python does not allow its name.
"""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import orjson

from custom.errors import PodiumError
from custom.files import PathLike, read_json

EXTRA = "extra"
T = TypeVar("T")
_SCALARS: dict[Any, tuple[str, tuple[type, ...]]] = {
    str: ("a text", (str,)),
    int: ("an integer", (int,)),
    float: ("a number", (float, int)),
    bool: ("true or false", (bool,)),
    type(None): ("null", (type(None),)),
}


def read_record(path: PathLike, kind: type[T]) -> T:
    """Read a JSON file that holds one record.

    Raises:
        PodiumError: If it is not JSON, or not such a record; file and key are named.
    """
    return from_json(kind, read_json(path), str(path))


def read_line(line: bytes, kind: type[T], where: str) -> T:
    """Read one line of a JSON Lines file.

    Raises:
        PodiumError: If it is not JSON, or not such a record; `where` names file and line.
    """
    try:
        content = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise PodiumError(f"{where} must be a line of JSON, but is not: {error}") from None
    return from_json(kind, content, where)


def from_json(kind: type[T], content: Any, where: str) -> T:
    """Return JSON content as an instance of a dataclass.

    Args:
        kind: The dataclass.
        content: What `read_json` returned.
        where: The file, and the line where it has several records, for messages.

    Raises:
        PodiumError: `<where>: data.val.hash must be a text, but is 3`.
    """
    record: T = _record(kind, content, where, "")
    return record


def known(value: float) -> float | None:
    """Return a number as records have it: NaN, where nothing could be computed, is None."""
    return None if math.isnan(value) else float(value)


def to_json(value: Any) -> Any:
    """Return a record as JSON has it; what is unknown or empty is left out where it is optional."""
    if isinstance(value, Mapping):
        return {key: to_json(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(entry) for entry in value]
    if not is_dataclass(value) or isinstance(value, type):
        return value
    content = {}
    for each in fields(value):
        entry = getattr(value, each.name)
        if each.name != EXTRA and not (_is_optional(each) and _is_empty(entry)):
            content[_key(each)] = to_json(entry)
    return {**content, **getattr(value, EXTRA, {})}


def _record(kind: Any, content: Any, where: str, path: str) -> Any:
    """Return an object of JSON, which stands at `path`, as a dataclass."""
    if not isinstance(content, dict):
        raise _wrong(where, path, "an object", content)
    hints, known = _hints(kind), {_key(each): each for each in fields(kind) if each.name != EXTRA}
    values: dict[str, Any] = {}
    for key, each in known.items():
        if key in content:
            values[each.name] = _value(hints[each.name], content[key], where, _join(path, key))
        elif not _is_optional(each):
            owner = f": {path}" if path else ""
            raise PodiumError(f"{where}{owner} must have the key {key!r}; was it cut short?")
    unknown = {key: value for key, value in content.items() if key not in known}
    if EXTRA in hints:
        values[EXTRA] = unknown
    elif unknown:
        raise PodiumError(
            f"{where}: {_join(path, next(iter(unknown)))} is unknown; the keys are "
            f"{', '.join(known)}"
        )
    try:
        return kind(**values)
    except PodiumError as error:
        raise PodiumError(f"{where}: {path + ': ' if path else ''}{error}") from None


def _value(hint: Any, value: Any, where: str, path: str) -> Any:
    """Return a value of JSON as its field's type has it, or refuse it."""
    if hint is Any:
        return value
    options = get_args(hint) if _is_union(hint) else (hint,)
    for option in options:
        if _fits(option, value):
            return _converted(option, value, where, path)
    raise _wrong(where, path, " or ".join(dict.fromkeys(map(_described, options))), value)


def _fits(hint: Any, value: Any) -> bool:
    """Return whether a value is of the JSON kind that a type is written as."""
    if hint is Any:
        return True
    if hint in _SCALARS:
        return type(value) in _SCALARS[hint][1]
    origin = get_origin(hint)
    if origin is Literal:
        return any(type(value) is type(each) and value == each for each in get_args(hint))
    if origin is tuple:
        items = get_args(hint)
        return isinstance(value, list) and (items[-1] is ... or len(value) == len(items))
    return isinstance(value, dict)


def _converted(hint: Any, value: Any, where: str, path: str) -> Any:
    """Return a value of the right JSON kind, after looking at what it holds."""
    if is_dataclass(hint):
        return _record(hint, value, where, path)
    if isinstance(value, dict) and hint is not Any:
        inner = get_args(hint)[1]
        return {key: _value(inner, each, where, _join(path, key)) for key, each in value.items()}
    if get_origin(hint) is tuple:
        items = get_args(hint)
        inner_hints = items[:1] * len(value) if items[-1] is ... else items
        pairs = zip(inner_hints, value, strict=True)
        return tuple(_value(t, v, where, f"{path}[{i}]") for i, (t, v) in enumerate(pairs))
    return float(value) if hint is float else value


def _described(hint: Any) -> str:
    """Return what a type is called in a message."""
    if hint in _SCALARS:
        return _SCALARS[hint][0]
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(map(repr, get_args(hint)))
    if get_origin(hint) is tuple:
        items = get_args(hint)
        return "a list" if items[-1] is ... else f"a list of {len(items)}"
    return "an object"


def _wrong(where: str, path: str, kind: str, value: Any) -> PodiumError:
    owner = f"{where}: {path}" if path else where
    return PodiumError(f"{owner} must be {kind}, but is {value!r:.80}")


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _key(each: Field[Any]) -> str:
    return str(each.metadata.get("key", each.name))


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType)


def _is_optional(each: Field[Any]) -> bool:
    return each.default is not MISSING or each.default_factory is not MISSING


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | tuple | list | Mapping) and not value)
