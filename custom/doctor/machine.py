"""Checks of the machine: Python, room on the disk, folders that can be written."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from custom.doctor.results import Check

PYTHONS = ((3, 10), (3, 11), (3, 12))
# A run of a full-size detector, with its checkpoints, takes about that.
MIN_FREE_BYTES = 2 * 1024**3


def check_python(version: Sequence[int]) -> Check:
    """Check that Python's version (major, minor, micro) is one that everything here supports."""
    shown = ".".join(map(str, version[:3]))
    if tuple(version[:2]) in PYTHONS:
        return Check("Python", shown)
    return Check(
        "Python",
        f"must be 3.10, 3.11 or 3.12, but is {shown}",
        "install one of these, then: make PYTHON=python3.11 setup",
    )


def check_disk(folder: Path, free_bytes: int) -> Check:
    """Check that there is room for a run's files beside `folder`."""
    free, least = free_bytes / 1024**3, MIN_FREE_BYTES / 1024**3
    if free_bytes >= MIN_FREE_BYTES:
        return Check("disk", f"{free:.1f} GiB free at {folder}")
    return Check(
        "disk",
        f"must have {least:.0f} GiB free at {folder}, but has {free:.1f}",
        "delete old runs under runs/, or work on another disk with --work-dir",
    )


def check_writable(folder: Path) -> Check:
    """Check, by writing a file, that `folder` can be written; a missing one that it can be made."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=existing, prefix=".podium-doctor-"):
            return Check("write access", str(folder))
    except NotADirectoryError:
        text = f"{folder} must be a folder, but {existing} is a file"
        return Check("write access", text, f"move {existing} away, or run in another folder")
    except OSError as error:
        return Check(
            "write access",
            f"{folder} must be writable, but is not: {error.strerror or error}",
            f"chown or chmod {existing}, or run in another folder",
        )
