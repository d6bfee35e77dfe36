"""The values of a config as they are in the end, with the line that set each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from custom.training.configuration import read_config
from custom.training.inspection.sources import Setting, chain

_ABSENT = object()


@dataclass(frozen=True)
class Resolved:
    """A value and where it comes from.

    Attributes:
        key: Dotted.
        value: As the training gets it, names replaced by what they stand for.
        where: File and line of what set it last.
    """

    key: str
    value: Any
    where: str

    def __str__(self) -> str:
        return f"{self.key} = {self.value!r}  # {self.where}"


def resolved(path: str | Path) -> list[Resolved]:
    """Return every value of a config, by key; a dict is given by its entries where they are set.

    Raises:
        PodiumError: If one of its files cannot be read or is no config.
    """
    found = setters(path)
    config = read_config(path).to_dict()
    values = []
    for key, setting in sorted(found.items()):
        value = value_at(config, key)
        by_entries = isinstance(value, dict) and any(k.startswith(f"{key}.") for k in found)
        if value is not _ABSENT and not by_entries:
            values.append(Resolved(key, value, setting.where))
    return values


def setters(path: str | Path) -> dict[str, Setting]:
    """Return, by dotted key, the file and line that set each value of a config in the end."""
    final: dict[str, Setting] = {}
    for source in chain(Path(path).resolve()):
        for key in source.replaced:
            for below in [old for old in final if old == key or old.startswith(f"{key}.")]:
                del final[below]
        final.update(source.settings)
    return final


def value_at(node: Any, key: str) -> Any:
    """Return what is at a dotted key; names may have dots themselves, as those of parameters do."""
    if not isinstance(node, dict):
        return _ABSENT
    if key in node:
        return node[key]
    for end in (i for i, character in enumerate(key) if character == "."):
        if (value := value_at(node.get(key[:end]), key[end + 1 :])) is not _ABSENT:
            return value
    return _ABSENT
