"""Finding runs: by folder, file or pattern, below a folder, beside another run."""

from __future__ import annotations

import glob
import logging
from collections.abc import Iterable
from pathlib import Path

from custom.errors import PodiumError
from custom.files import PathLike
from custom.run_folder import RECORD
from custom.runs.run import Run, read_run

logger = logging.getLogger(__name__)


def find_runs(patterns: Iterable[PathLike]) -> list[Run]:
    """Return the finished runs that folders or patterns name, each once.

    Args:
        patterns: `runs/a`, `runs/a.json`, `runs/a/run.json`, or `runs/new_*`.

    Raises:
        PodiumError: If a name or pattern finds none.
    """
    found: dict[Path, Run] = {}
    for pattern in map(str, patterns):
        for run in map(read_run, _matching(pattern) if _is_pattern(pattern) else [Path(pattern)]):
            found.setdefault(run.folder.resolve(), run)
    return list(found.values())


def runs_below(folders: Iterable[PathLike]) -> list[Run]:
    """Return the finished runs below some folders; one that cannot be read is logged and left out.

    Raises:
        PodiumError: If there is none.
    """
    searched = [Path(folder) for folder in folders]
    found = _readable({path for folder in searched for path in folder.rglob(RECORD)})
    if not found:
        names = ", ".join(str(folder) for folder in searched)
        raise PodiumError(f"{names} must hold finished runs, but there is no {RECORD} below")
    return found


def runs_beside(runs: Iterable[Run]) -> list[Run]:
    """Return every finished run in the folders that hold these; unreadable ones are left out."""
    parents = {run.folder.resolve().parent for run in runs}
    return _readable({path for parent in parents for path in parent.glob(f"*/{RECORD}")})


def _readable(paths: Iterable[Path]) -> list[Run]:
    """Return the runs whose record can be read, in the order of their folders."""
    found = []
    for path in sorted(paths):
        try:
            found.append(read_run(path))
        except PodiumError as error:
            logger.warning("left out: %s", error)
    return found


def _matching(pattern: str) -> list[Path]:
    """Return the run folders that match; `runs/new_*` also finds the predictions `new_1.json`."""
    folders = [path for path in map(Path, sorted(glob.glob(pattern))) if (path / RECORD).is_file()]
    if not folders:
        raise PodiumError(f"{pattern} must name finished runs, but finds none with {RECORD}")
    return folders


def _is_pattern(name: str) -> bool:
    return any(character in name for character in "*?[")
