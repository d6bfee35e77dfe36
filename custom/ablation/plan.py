"""The list of variants: a Python file with a baseline config and one change for each variant."""

from __future__ import annotations

import os
import pprint
import re
import runpy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from custom.errors import PodiumError
from custom.files import PathLike

BASELINE = "baseline"
_KEYS = ("why", "change", "config")
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")


@dataclass(frozen=True)
class Variant:
    """One change.

    Attributes:
        name: Lower case; names runs and rows.
        why: What it is expected to do.
        config: The config that it changes, or is.
        change: Merged onto the config as a config's own settings are; `_delete_` works in it.
    """

    name: str
    why: str
    config: Path
    change: Mapping[str, Any] = field(default_factory=dict)

    def config_text(self, beside: Path) -> str:
        """Return the text of a config that makes the change, for a file in `beside`."""
        base = os.path.relpath(self.config.resolve(), beside.resolve()).replace(os.sep, "/")
        lines = [f"# {self.name}: {self.why}".rstrip(": "), f'_base_ = ["{base}"]']
        for key, value in self.change.items():
            lines.append(f"{key} = {pprint.pformat(value, width=95, sort_dicts=False)}")
        return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Plan:
    """A baseline and the variants that are compared with it.

    Attributes:
        name: The competition's folder and the file's name, `trash_ablations`.
        baseline: The config as it is.
        variants: One change each.
    """

    name: str
    baseline: Variant
    variants: tuple[Variant, ...]

    def chosen(self, only: tuple[str, ...]) -> tuple[Variant, ...]:
        """Return the variants of these names, or all where there are none.

        Raises:
            PodiumError: If there is no variant of a name.
        """
        known = [variant.name for variant in self.variants]
        if unknown := [name for name in only if name not in known]:
            raise PodiumError(f"--only must name variants of {known}, but got {unknown[0]!r}")
        return tuple(v for v in self.variants if not only or v.name in only)


def read_plan(path: PathLike) -> Plan:
    """Read an ablation file: it is executed, and must set `baseline` and `variants`.

    `baseline` is a config's path, relative to the file. `variants` is a dict by name of dicts
    with `change` (settings to merge onto the baseline) or `config` (another config's path) or
    both, and `why`.

    Raises:
        PodiumError: If the file does not run or lacks something; the variant is named.
    """
    path = Path(path)
    if not path.is_file():
        raise PodiumError(f"{path} must be an ablation file, but there is none")
    try:
        content = runpy.run_path(str(path))
    except Exception as error:
        raise PodiumError(f"{path} must be Python that runs, but: {error!r}") from error
    baseline, variants = content.get("baseline"), content.get("variants")
    if not isinstance(baseline, str) or not isinstance(variants, dict) or not variants:
        raise PodiumError(
            f"{path} must set `baseline`, a config's path, and `variants`, a dict of dicts"
        )
    base = Variant(BASELINE, "", _config(path, baseline, BASELINE))
    return Plan(
        name=f"{path.resolve().parent.name}_{path.stem}",
        baseline=base,
        variants=tuple(_variant(path, base, name, entry) for name, entry in variants.items()),
    )


def _variant(path: Path, baseline: Variant, name: Any, entry: Any) -> Variant:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name == BASELINE:
        raise PodiumError(
            f"{path}: a variant's name must be lower-case letters, digits, _, - or ., and not "
            f"'baseline', but one is {name!r}"
        )
    if not isinstance(entry, dict) or set(entry) - set(_KEYS):
        raise PodiumError(f"{path}: variant {name} must be a dict with keys among {_KEYS}")
    change = entry.get("change", {})
    if not isinstance(change, dict) or not (change or entry.get("config")):
        raise PodiumError(f"{path}: variant {name} must have `change`, a dict, or `config`")
    config = _config(path, entry["config"], name) if "config" in entry else baseline.config
    return Variant(name, str(entry.get("why", "")), config, change)


def _config(path: Path, config: str, name: str) -> Path:
    found = path.parent / config
    if not found.is_file():
        raise PodiumError(f"{path}: the config of {name} must be a file, but {found} is none")
    return found
