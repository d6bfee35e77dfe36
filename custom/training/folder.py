"""The folder that a training writes to: what it may begin or go on from."""

from __future__ import annotations

from pathlib import Path
from zipfile import is_zipfile

from custom import runs
from custom.errors import PodiumError
from custom.training.hooks.resume_point import find_resume_point


def check_folder(folder: Path, resume: bool) -> Path | None:
    """Return what to resume from; refuse to write over a run, or to resume where there is none.

    Raises:
        PodiumError: With the way out.
    """
    if (folder / runs.RECORD).exists():
        raise PodiumError(
            f"{folder} already holds a finished run; give --work-dir another folder, or move it"
        )
    point = find_resume_point(folder)
    if resume and point is None:
        raise PodiumError(f"--resume needs a resume point in {folder}, but there is none; drop it")
    if point is not None and resume and not is_zipfile(point):  # as torch's files are
        raise PodiumError(
            f"{point} must be a checkpoint, but is cut short; give another --work-dir"
        )
    if point is not None and not resume:
        raise PodiumError(
            f"{folder} holds an unfinished run; add --resume to go on, or give another --work-dir"
        )
    return point
