"""Checkpoints that are written whole or not at all, and a full disk that is told with its place."""

from __future__ import annotations

import errno
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from mmengine.fileio import LocalBackend, register_backend

from custom.errors import PodiumError
from custom.files import PathLike, write_bytes

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class WholeFileBackend(LocalBackend):
    """MMEngine's local files, but one takes its name only when it is whole.

    MMEngine writes checkpoints under their final name: a kill or a full disk left half of one.
    """

    def put(self, obj: bytes, filepath: PathLike) -> None:
        """Write bytes to a file.

        Raises:
            PodiumError: If the folder cannot be written or the disk is full.
        """
        write_bytes(filepath, obj)


def save_checkpoint(path: PathLike, content: dict[str, Any]) -> None:
    """Write a checkpoint, whole or not at all: the same content, the same bytes.

    torch puts the name of the file that it writes to into the file, where it is a temporary one.

    Raises:
        PodiumError: If the folder cannot be written or the disk is full.
    """
    stream = io.BytesIO()
    torch.save(content, stream)
    write_bytes(path, stream.getvalue())


register_backend("local", WholeFileBackend, force=True, prefixes="")


@contextmanager
def name_folder_without_room(folder: Path) -> Iterator[None]:
    """Turn a write that found no room, which the system tells without a name, into an error.

    Args:
        folder: What is being written to within the block.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM or error.filename is not None:
            raise
        raise PodiumError(f"cannot write in {folder}: {error.strerror}") from error
