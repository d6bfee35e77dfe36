"""The folder that a training writes to: what it may begin or go on from, and one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TypedDict

from mmengine.config import Config
from mmengine.dist import is_main_process

from custom import runs
from custom.errors import Interrupted, PodiumError
from custom.files import locked, read_json, write_json
from custom.runs.config import CONFIG, FOR_PEOPLE
from custom.training.hooks.resume_point import find_resume_point
from custom.training.publish import CANDIDATES, Best, kept_predictions_file
from custom.training.saving import check_digest
from custom.training.seeding.config import changed_values, training_values
from custom.training.seeding.processes import agreed

# What a training leaves whose last validation is done: the run is finished from it.
TRAINED = "trained.json"
_LOCKED = "training"  # the lock is `.training.lock`


@contextmanager
def folder_in_use(folder: Path, resume: bool) -> Iterator[Path | None]:
    """Hold a training's folder, and yield the resume point that it goes on from, if any.

    Of several processes the main one holds it; all are refused together.

    Raises:
        PodiumError: If another training writes there, or with `check_folder`'s reasons.
    """
    with ExitStack() as held:
        refusal = point = None
        if is_main_process():
            try:
                held.enter_context(_held(folder))
                point = check_folder(folder, resume)
                _remove_half_written(folder)
            except PodiumError as error:
                refusal = str(error)
        refusal, point = agreed((refusal, point))
        if refusal is not None:
            raise PodiumError(refusal)
        yield point


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; a folder that was made for it alone goes with it."""
    busy = f"{folder} is in use by another training; wait for it, or give another --work-dir"
    with locked(folder / _LOCKED, busy):
        try:
            yield
        finally:
            with suppress(OSError):
                (folder / f".{_LOCKED}.lock").unlink()
                folder.rmdir()  # fails where there is anything in it


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
    unfinished = point is not None or (folder / TRAINED).exists()
    if unfinished and not resume:
        raise PodiumError(
            f"{folder} holds an unfinished run; add --resume to go on, or give another --work-dir"
        )
    if not unfinished and resume:
        raise PodiumError(f"--resume needs a resume point in {folder}, but there is none; drop it")
    if not unfinished and (foreign := _foreign_files(folder)):
        raise PodiumError(
            f"{folder} must hold no checkpoints, predictions or configs before a training begins, "
            f"but has {', '.join(foreign)}, of something else; move them away, or give another "
            "--work-dir"
        )
    if point is not None:
        check_digest(point)
    return point


def _foreign_files(folder: Path) -> list[str]:
    """Return what a training would write over although none wrote it.

    A training begins with `config.json`, and then writes `config.py`.
    """
    names = sorted(path.name for path in folder.glob("*.pth"))
    names += [name for name in ("val.json",) if (folder / name).exists()]
    started = (folder / CONFIG).exists()
    return names + [n for n in (FOR_PEOPLE,) if not started and (folder / n).exists()]


def _remove_half_written(folder: Path) -> None:
    """Remove what a killed process was writing; nobody else writes while the folder is held."""
    for path in folder.glob(".*.tmp"):
        path.unlink()


class Trained(TypedDict):
    """What is known once the last validation is done: the run is finished from it.

    Attributes:
        best: The best validation, None if there was none.
        training: The training's id, which its files hold.
        seconds: How long the process trained that ended it.
        trained_on: What its config trains, as `training_values` has it.
    """

    best: Best | None
    training: str
    seconds: float
    trained_on: dict[str, str]


def write_trained(folder: Path, trained: Trained) -> None:
    """Note that the training in a folder is over; what follows can be done again from it."""
    write_json(folder / TRAINED, trained)


def read_trained(folder: Path, config: Config) -> Trained | None:
    """Return what `write_trained` noted, or None where the training is not over.

    Raises:
        PodiumError: If another config was trained.
    """
    path = folder / TRAINED
    trained: Trained | None = agreed(read_json(path) if path.exists() else None)
    if trained is None:
        return None
    if changes := changed_values(trained["trained_on"], training_values(config)):
        listed = "\n  ".join(changes)
        raise PodiumError(
            f"the training in {folder} is over, and is finished with its own config, but this one "
            f"differs:\n  {listed}\ngive --work-dir another folder for it"
        )
    return trained


def remove_leftovers(folder: Path) -> None:
    """Remove what a finished run was made from: its best weights lie in it under another name."""
    for path in folder.glob(CANDIDATES):
        kept_predictions_file(path).unlink(missing_ok=True)
        path.unlink()
    (folder / TRAINED).unlink(missing_ok=True)


@contextmanager
def explain_interruption(folder: Path) -> Iterator[None]:
    """Say, where a signal ends the block, how the run in `folder` is gone on with."""
    try:
        yield
    except Interrupted as error:
        if (folder / TRAINED).exists():
            way = "the training is over; the same command with --resume finishes the run"
        elif point := find_resume_point(folder):
            way = f"the same command with --resume goes on from {point}"
        else:
            way = "there is no resume point yet; give the same command to start again"
        raise Interrupted(error.signum, f"interrupted: {way}") from error
