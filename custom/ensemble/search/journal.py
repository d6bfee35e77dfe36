"""The file that keeps a search's trials, so that a killed search goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

if TYPE_CHECKING:
    from optuna.storages import JournalStorage


class ProcessLock:
    """Optuna's lock of a journal, held by the process: the system frees it when that is killed.

    Optuna's own is a link that a killed process leaves behind, relative to the working directory,
    so that the next search waits for ever.
    """

    def __init__(self, journal: Path) -> None:
        self._lock = FileLock(journal.with_name(f".{journal.name}.lock"))

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._lock.acquire()
        return True

    def release(self) -> None:
        """Free the lock."""
        self._lock.release()


def open_journal(path: Path) -> JournalStorage:
    """Open the journal of trials at `path`, or begin it.

    Raises:
        ValueError, KeyError, TypeError: If the file begins otherwise than a journal does: Optuna
            would append to it.
    """
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    path.parent.mkdir(parents=True, exist_ok=True)
    lock: Any = ProcessLock(path)
    lock.acquire()
    try:
        _cut_torn_line(path)
    finally:
        lock.release()
    return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))


def _cut_torn_line(path: Path) -> None:
    """Cut off a last line without its end, which a kill or a full disk leaves."""
    if not path.is_file():
        return
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if first := content.partition(b"\n")[0]:
        json.loads(first)["op_code"]
    if len(whole) < len(content):
        with open(path, "r+b") as stream:
            stream.truncate(len(whole))
