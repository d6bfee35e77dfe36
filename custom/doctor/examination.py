"""The examination of this installation: every check, with what this machine says."""

from __future__ import annotations

import importlib.metadata
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from custom.doctor.compiled import (
    TRY_TORCH,
    check_kernels,
    check_numba,
    check_operators,
    check_torch,
)
from custom.doctor.machine import check_disk, check_python, check_writable
from custom.doctor.packages import check_opencv, check_pins, normalized
from custom.doctor.probe import Probe, probe
from custom.doctor.results import SET_UP, Check

WRITTEN = ("data", "runs", "submissions")


def examine(folder: Path, core: bool = False, run_probe: Probe = probe) -> list[Check]:
    """Check an installation.

    Args:
        folder: Where Podium is run: `data`, `runs` and `submissions` are written under it.
        core: Check the light core only, which needs no torch.
        run_probe: Runs code in a Python of its own.

    Returns:
        A result for each check, passed or failed.
    """
    installed = installed_versions()
    numba = check_numba(run_probe)
    results = [
        check_python(sys.version_info[:3]),
        *check_requirements(installed, core),
        numba,
        *([check_kernels(run_probe)] if numba.ok else []),
    ]
    if not core:
        results += check_detection(installed, run_probe)
    results.append(check_disk(folder, shutil.disk_usage(folder).free))
    return results + [check_writable(folder / name) for name in WRITTEN]


def check_detection(installed: Mapping[str, str], run_probe: Probe) -> list[Check]:
    """Check what training needs; the operators only if torch and OpenCV, which they need, load."""
    torch = run_probe(TRY_TORCH)
    results = [check_torch(torch, shutil.which("nvidia-smi") is not None)]
    if "torch" not in installed:  # a light installation: one failed check says it all
        return results
    cv2 = run_probe("import cv2; print(cv2.__version__)")
    results.append(check_opencv(installed, cv2))
    if torch.ok and cv2.ok:
        results.append(check_operators(run_probe))
    return results


def installed_versions() -> dict[str, str]:
    """Return the version of every installed package, by normalized name."""
    found: dict[str, str] = {}
    for package in importlib.metadata.distributions():
        name = package.metadata["Name"]
        if name:  # a half-removed package has no name
            found.setdefault(normalized(name), package.version)
    return found


def check_requirements(installed: Mapping[str, str], core: bool) -> list[Check]:
    """Check the packages that Podium's own metadata pin; `core` leaves out the extras."""
    if "podium" not in installed:
        remedy = f"{SET_UP}; or, for the light core: pip install -e ."
        return [Check("podium", "must be installed, but is not", remedy)]
    requirements = importlib.metadata.requires("podium") or []
    basic = [line for line in requirements if not _extra_of(line)]
    remedy = f"{SET_UP}; or, for the light core: pip install -e . -c requirements/lock.txt"
    results = check_pins("core packages", basic, installed, remedy)
    if core or "torch" not in installed:
        return results
    extras = [line for line in requirements if _extra_of(line) not in ("", "dev")]
    return results + check_pins("packages of the extras", extras, installed, SET_UP)


def _extra_of(requirement: str) -> str:
    """Return the extra that a line of the metadata belongs to, or nothing."""
    return requirement.partition("extra ==")[2].strip(" '\")")
