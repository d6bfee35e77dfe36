"""A copy of a stage that is put back into its first state after each use."""

from __future__ import annotations

import os
import shutil
from hashlib import blake2b
from pathlib import Path

# What tells a file's state without reading it: time of change, size, node.
_State = tuple[int, int, int]


class StageCopy:
    """A copy in which a command works, with two folders above it that are its own too.

    Attributes:
        root: The outermost of these folders.
        place: The copy.
    """

    def __init__(self, stage: Path, root: Path) -> None:
        self.root, self.place = root, root / "a" / "b"  # so that `../x` is seen too
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(stage, self.place)
        paths = [path for path in root.rglob("*") if path.is_file()]
        self._contents = {path: path.read_bytes() for path in paths}
        self._folders = {path for path in root.rglob("*") if path.is_dir()}
        self._states = {path: _state(path) for path in paths}

    def digests(self) -> dict[str, str]:
        """Return a digest of each file by its path from `root`, "same" where it is as at first."""
        return {
            path.relative_to(self.root).as_posix(): self._digest(path)
            for path in _files_below(self.root)
        }

    def put_back(self) -> None:
        """Make every file and folder what it was at first."""
        for parent, folders, files in os.walk(self.root, topdown=False):
            for name in (*files, *folders):
                path = Path(parent, name)
                is_folder = path.is_dir() and not path.is_symlink()
                if is_folder and path not in self._folders:
                    path.rmdir()
                elif not is_folder and path not in self._contents:
                    path.unlink()
        for folder in sorted(self._folders):
            if folder.is_symlink() or folder.is_file():
                folder.unlink()
            folder.mkdir(exist_ok=True)
        for path, content in self._contents.items():
            if path.is_symlink():
                path.unlink()
            if not path.exists() or _state(path) != self._states[path]:
                path.write_bytes(content)
                self._states[path] = _state(path)

    def _digest(self, path: Path) -> str:
        content = self._contents.get(path)
        if content is not None and self._states[path] == _state(path):
            return "same"
        now = path.read_bytes()
        return "same" if now == content else blake2b(now, digest_size=12).hexdigest()


def _files_below(folder: Path) -> list[Path]:
    walked = ((Path(parent), names) for parent, _, names in os.walk(folder))
    return [
        parent / name for parent, names in walked for name in names if (parent / name).is_file()
    ]


def _state(path: Path) -> _State:
    status = path.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino
