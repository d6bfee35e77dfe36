"""Files and folders that change together, so that a kill leaves all of them old or all new.

What is new is written into a hidden folder beside its place. Renaming that folder is the moment of
the change; then its content moves out. A process that is killed while it moves has made the change:
`complete` moves the rest, and whatever reads or writes such files calls it first.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from custom.errors import PodiumError
from custom.files import PathLike, remove_stale

_COMMITTED = ".commit"
_EXCHANGE = 2  # RENAME_EXCHANGE of linux/fs.h
_AT_CWD = -100


@contextmanager
def together(folder: PathLike, name: str) -> Iterator[Path]:
    """Yield a hidden folder whose content moves to `folder` when the block succeeds.

    Files and folders of the same names there are replaced.

    Args:
        folder: Where all of it goes; made where it is missing.
        name: Of what is written, for the hidden folder's name.

    Raises:
        PodiumError: If the folder cannot be written or the disk is full; what was there stays.
    """
    folder = Path(folder)
    hidden: Path | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_stale(folder)
        complete(folder)
        hidden = Path(tempfile.mkdtemp(prefix=f".{name}.", suffix=".tmp", dir=folder))
        new = hidden / "new"
        new.mkdir()
        yield new
        hidden.rename(hidden.with_suffix(_COMMITTED))
        hidden = hidden.with_suffix(_COMMITTED)
        _move_out(hidden)
    except FileExistsError as error:  # of mkdir
        raise PodiumError(f"cannot write to {folder}: it is not a folder") from error
    except OSError as error:
        raise PodiumError(f"cannot write to {folder}: {error.strerror or error}") from error
    except PodiumError as error:
        inside = f"{hidden}{os.sep}new"
        raise PodiumError(str(error).replace(inside, str(folder))) from error
    finally:
        if hidden is not None and hidden.suffix != _COMMITTED:
            shutil.rmtree(hidden, ignore_errors=True)


def complete(folder: PathLike) -> None:
    """Move out what a process that was killed while moving has left in a folder."""
    for hidden in Path(folder).glob(f".*{_COMMITTED}"):
        if (hidden / "new").is_dir():
            with suppress(OSError):  # what cannot be written now is completed later
                _move_out(hidden)
        else:  # all of it has been moved
            shutil.rmtree(hidden, ignore_errors=True)


def replace_folder(new: Path, target: Path) -> None:
    """Give a folder the name of another one, which is removed; there is always one of that name.

    Where the system cannot exchange two names at once, a kill at the wrong moment leaves the older
    one in a hidden folder beside `new`.

    Raises:
        OSError: If the folder cannot be written.
    """
    if not target.exists():
        new.rename(target)
        return
    if not _exchange(new, target):
        old = new.with_name(f".{new.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        target.rename(old)
        try:
            new.rename(target)
        except OSError:
            old.rename(target)
            raise
        new = old
    shutil.rmtree(new, ignore_errors=True)


def _move_out(hidden: Path) -> None:
    """Move what is in a committed folder to its place; another process may do so too."""
    for new in sorted((hidden / "new").iterdir()):
        target = hidden.parent / new.name
        with suppress(FileNotFoundError):
            if new.is_dir() and target.exists():
                (hidden / "old").mkdir(exist_ok=True)
                target.rename(hidden / "old" / new.name)
            new.replace(target)
    shutil.rmtree(hidden, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; return whether the system can."""
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    names = os.fsencode(one), os.fsencode(other)
    return rename(_AT_CWD, names[0], _AT_CWD, names[1], _EXCHANGE) == 0
