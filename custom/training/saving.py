"""Checkpoints that are written whole or not at all, and whose every byte is checked on reading."""

from __future__ import annotations

import errno
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import torch
from mmengine.fileio import LocalBackend, register_backend

from custom.errors import PodiumError
from custom.files import PathLike, write_bytes

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_MARK = b"sha256:"
_NOTE_LENGTH = len(_MARK) + 64
_ZIP_END_LENGTH = 22  # a zip file's last record, where it has no comment


class WholeFileBackend(LocalBackend):
    """MMEngine's local files, but one takes its name only when it is whole.

    MMEngine writes checkpoints under their final name: a kill or a full disk left half of one.
    """

    def put(self, obj: bytes, filepath: PathLike) -> None:
        """Write bytes to a file; a checkpoint gets its digest.

        Raises:
            PodiumError: If the folder cannot be written or the disk is full.
        """
        write_bytes(filepath, with_digest(obj) if Path(filepath).suffix == ".pth" else obj)


def with_digest(content: bytes) -> bytes:
    """Return a checkpoint's bytes with their SHA-256 as the comment of the zip file that it is.

    Within the file, a kill cannot come between the two. torch and every zip program read it as
    before; `unzip -z` shows the digest.
    """
    if content[-_ZIP_END_LENGTH:][:4] != b"PK\x05\x06":
        return content  # torch's old format
    body = content[:-2] + _NOTE_LENGTH.to_bytes(2, "little")
    return body + _MARK + hashlib.sha256(body).hexdigest().encode()


def check_digest(path: PathLike) -> None:
    """Refuse a checkpoint of this project that is not, to the last bit, what was written.

    Raises:
        PodiumError: If it was cut short, or a byte of it has changed, or it has no digest.
    """
    note, digest = _note_and_digest(Path(path))
    if note == _MARK + digest:
        return
    if not is_zipfile(path):  # as torch's files are
        what = "be a checkpoint, but is cut short"
    elif not note.startswith(_MARK):
        what = "hold its SHA-256, but does not: it was changed, or written by an earlier version"
    else:
        what = "be what was written, but its content has changed"
    raise PodiumError(
        f"{path} must {what}; copy it again from where it is whole, or give another --work-dir to "
        "start anew"
    )


def _note_and_digest(path: Path) -> tuple[bytes, bytes]:
    """Return the comment at a checkpoint's end, and the SHA-256 of what stands before it."""
    digest = hashlib.sha256()
    try:
        left = path.stat().st_size - _NOTE_LENGTH
        with open(path, "rb") as stream:
            while left > 0 and (block := stream.read(min(left, 1 << 20))):
                digest.update(block)
                left -= len(block)
            return stream.read(), digest.hexdigest().encode()
    except OSError as error:
        raise PodiumError(f"cannot read {path}: {error.strerror or error}") from error


def save_checkpoint(path: PathLike, content: dict[str, Any], digest: bool = False) -> None:
    """Write a checkpoint, whole or not at all: the same content, the same bytes.

    torch puts the name of the file that it writes to into the file, where it is a temporary one.

    Args:
        path: The file.
        content: What `torch.save` takes.
        digest: Put the digest in that `check_digest` looks for.

    Raises:
        PodiumError: If the folder cannot be written or the disk is full.
    """
    stream = io.BytesIO()
    torch.save(content, stream)
    write_bytes(path, with_digest(stream.getvalue()) if digest else stream.getvalue())


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
