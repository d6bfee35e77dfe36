"""The machine and the code that a run was made with."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from typing import Any

from custom.files import PathLike

RECORDED_PACKAGES = (
    "torch",
    "onedl-mmengine",
    "onedl-mmcv",
    "onedl-mmdetection",
    "numpy",
    "numba",
    "albumentations",
    "opencv-python-headless",
)


def environment() -> dict[str, str]:
    """Return what a record keeps of the machine: package versions, Python, platform."""
    versions = {"python": sys.version.split()[0], "platform": platform.platform()}
    for package in RECORDED_PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "absent"
    return versions


def code_state(root: PathLike) -> dict[str, Any]:
    """Return the revision of the checkout at `root`, and whether tracked files differ from it."""
    revision = _git(root, "rev-parse", "HEAD")
    status = _git(root, "status", "--porcelain", "--untracked-files=no")
    return {"revision": revision, "dirty": bool(status) if status is not None else None}


def _git(root: PathLike, *arguments: str) -> str | None:
    """Return what git prints, or None where there is no git or no checkout."""
    command: Sequence[str] = ("git", "-C", str(root), *arguments)
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()
