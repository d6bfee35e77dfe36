"""Files that are written whole or not at all, and JSON that says which file is broken."""

from __future__ import annotations

import codecs
import hashlib
import json
import math
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from custom.errors import PodiumError

# A write that has lasted longer than this was killed.
STALE_AFTER_S = 24 * 3600
_TEMPORARY = re.compile(r"\..+\.\w{8}\.tmp")  # as tempfile names them
_looked_into: set[Path] = set()

PathLike = str | os.PathLike[str]


@contextmanager
def atomic_path(path: PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it takes the name `path` when the block succeeds.

    A killed process leaves the old file or the new one. Missing parent folders are made.

    Raises:
        PodiumError: If the folder cannot be written or the disk is full.
    """
    path = Path(path)
    temporary: Path | None = None
    if "\0" in str(path):
        raise PodiumError(f"cannot write {str(path)!r}: no file has such a name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_stale(path.parent)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        os.chmod(temporary, 0o666 & ~umask())
        os.replace(temporary, path)
    except FileExistsError as error:  # of mkdir
        raise PodiumError(f"cannot write {path}: {path.parent} is not a folder") from error
    except OSError as error:
        raise PodiumError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def remove_stale(folder: Path) -> None:
    """Remove what killed writes have left in a folder, once it is a day old.

    A process looks once into each folder: a review writes thousands of files into one.
    """
    if folder in _looked_into:
        return
    _looked_into.add(folder)
    for left in folder.glob(".*.tmp"):
        with suppress(OSError):  # another process may be removing it as well
            if _TEMPORARY.match(left.name) and time.time() - left.stat().st_mtime > STALE_AFTER_S:
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def check_replaceable(
    paths: Iterable[PathLike],
    inputs: Iterable[PathLike] = (),
    overwrite: bool = False,
    is_own: Callable[[Path], bool] = lambda path: False,
    remedy: str = "choose another name, or replace it with --overwrite",
) -> None:
    """Refuse to write over what a command reads, or over what it did not write.

    Args:
        paths: What is about to be written.
        inputs: What the command reads.
        overwrite: Whether all of it may be replaced.
        is_own: Whether a file that exists is an earlier result of just this command.
        remedy: What the user can do.

    Raises:
        PodiumError: If a path exists and may not be replaced, or is a folder.
    """
    for path in map(Path, paths):
        if path.is_dir():
            raise PodiumError(f"{path} must be a file to write, but is a folder")
        if overwrite or not path.exists():
            continue
        if any(Path(each).exists() and path.samefile(each) for each in inputs):
            raise PodiumError(f"{path} is read by this command and would be replaced; {remedy}")
        if not is_own(path):
            raise PodiumError(
                f"{path} must be free or of an earlier run of the same command, but exists and is "
                f"not; {remedy}"
            )


def check_plain_name(name: str, what: str = "a name") -> str:
    """Return what is to name files in a folder; one that leads out of the folder is refused.

    Args:
        name: The name.
        what: What it is of, for the message.

    Raises:
        PodiumError: If it is empty, has a separator or is not printable.
    """
    if not name or name in (".", "..") or not name.isprintable() or set(name) & {"/", "\\"}:
        raise PodiumError(f"{what} must be a plain name, without folders, but is {name!r}")
    return name


def write_bytes(path: PathLike, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all."""
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def write_text(path: PathLike, content: str) -> None:
    """Write `content` to `path` as UTF-8, whole or not at all."""
    write_bytes(path, content.encode("utf-8"))


def write_json(path: PathLike, content: Any, indent: bool = True) -> None:
    """Write `content` as JSON, whole or not at all; see `json_bytes`."""
    write_bytes(path, json_bytes(content, indent))


def json_bytes(content: Any, indent: bool = True) -> bytes:
    """Return `content` as JSON; numpy arrays become lists, NaN becomes null."""
    options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE
    try:
        return orjson.dumps(content, option=options | (orjson.OPT_INDENT_2 * indent))
    except orjson.JSONEncodeError as error:  # of a file's name, as a rule
        raise PodiumError(f"cannot write JSON: {error}; is a file's name no text?") from error


@contextmanager
def locked(path: PathLike, busy: str | None = None) -> Iterator[None]:
    """Hold the lock of `path`: other processes that ask for it wait until the block ends.

    The lock is a hidden file beside `path`, so `path` may be replaced meanwhile. It is left there
    and may be deleted when nobody holds it. It ends with the process that holds it, even if that is
    killed.

    Args:
        path: What is locked.
        busy: What to raise where another process holds the lock; None waits for it.

    Raises:
        PodiumError: If the folder cannot be written, or with `busy`.
    """
    from filelock import FileLock, Timeout

    path = Path(path)
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=-1 if busy is None else 0)
    except Timeout as error:
        raise PodiumError(busy or "") from error
    except OSError as error:
        raise PodiumError(f"cannot lock {path}: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()


def read_json(path: PathLike) -> Any:
    """Return the content of a JSON file.

    Raises:
        PodiumError: If the file is missing, unreadable or not JSON in UTF-8. NaN and infinite
            numbers, which Python's own writer emits, are not JSON: the first is named.
    """
    content = read_bytes(path).removeprefix(codecs.BOM_UTF8)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise PodiumError(f"{path} must be UTF-8, but is UTF-16; save it as UTF-8")
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        if wrong := _not_finite_in(content):
            raise PodiumError(
                f"{path} must hold finite numbers, but {wrong[0]} ({len(wrong)} such numbers); "
                "correct or remove them"
            ) from error
        raise PodiumError(f"{path} must be JSON, but is not: {error}") from error


def _not_finite_in(content: bytes) -> list[str]:
    """Return `annotations[5].bbox[0] is nan` for each NaN or infinity in JSON as Python has it."""
    try:
        return list(_not_finite("", json.loads(content)))
    except (ValueError, RecursionError):
        return []


def _not_finite(where: str, value: Any) -> Iterator[str]:
    """Yield what is not finite in `value`, which stands at `where`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _not_finite(f"{where}.{key}" if where else str(key), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _not_finite(f"{where}[{index}]", inner)
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{where} is {value}"


def read_bytes(path: PathLike) -> bytes:
    """Return the content of a file; a missing or unreadable one is a `PodiumError`."""
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name with a null byte
        raise _unreadable(path, error) from error


def sha256_of(path: PathLike) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    return digest.hexdigest()


def _unreadable(path: PathLike, error: OSError | ValueError) -> PodiumError:
    return PodiumError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}")


def canonical_hash(content: Any) -> str:
    """Return the SHA-256 of JSON-like `content`, the same for any order of keys."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def real_path(path: PathLike) -> Path:
    """Return an absolute path without links; of links that go round in circles, as far as it gets.

    `Path.resolve` raises a RuntimeError for these.
    """
    return Path(os.path.realpath(path))


def umask() -> int:
    """Return the process's umask; there is no way to read it without setting it."""
    umask = os.umask(0)
    os.umask(umask)
    return umask
