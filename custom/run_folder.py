"""Which paths name a run, by its folder alone; reading one is up to `custom.runs`.

It lies outside of that package, which imports much that files without runs do not need.
"""

from __future__ import annotations

from pathlib import Path

from custom.files import PathLike

RECORD = "run.json"


def is_run(path: PathLike) -> bool:
    """Return whether a folder, its `run.json` or its test predictions belong to a finished run."""
    return (folder_of(path) / RECORD).is_file()


def folder_of(path: PathLike) -> Path:
    """Return the folder of the run that a path names, whether there is one or not."""
    path = Path(path)
    if path.name == RECORD:
        return path.parent
    return path.with_suffix("") if path.suffix.lower() == ".json" else path
