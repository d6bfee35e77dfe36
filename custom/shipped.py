"""Where commands and configs lie: beside the library in a checkout, inside it in a wheel."""

from __future__ import annotations

import shutil
from pathlib import Path

from custom.errors import PodiumError

_PACKAGE = Path(__file__).resolve().parent
# Installs the checkout that it lies in.
_CHECKOUT_ONLY = ("setup_env",)


def folder_of(name: str) -> Path:
    """Return `tools` or `configs` as they were installed."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def tool_file(name: str) -> Path:
    """Return the file of a command, as `train` or `inspect_config`."""
    return folder_of("tools") / f"{name}.py"


def tools() -> dict[str, Path]:
    """Return the file of every command, by the name that `podium` gives it: `inspect-config`."""
    files = sorted(folder_of("tools").glob("[a-z]*.py"))
    return {path.stem.replace("_", "-"): path for path in files if path.stem not in _CHECKOUT_ONLY}


def config_file(name: str) -> Path:
    """Return a config, as `sample/yolox_nano.py`: the one in ./configs, or else the shipped one."""
    own = Path("configs", name)
    return own if own.is_file() else folder_of("configs") / name


def copy_configs(folder: Path) -> None:
    """Copy the shipped configs into a new folder.

    Raises:
        PodiumError: If there is something already.
    """
    if folder.exists():
        raise PodiumError(f"{folder} must not exist yet, but does; name another folder")
    unfinished = folder.with_name(f".{folder.name}.tmp")
    shutil.copytree(
        folder_of("configs"),
        unfinished,
        ignore=shutil.ignore_patterns("__pycache__"),
        dirs_exist_ok=True,
    )
    unfinished.rename(folder)
