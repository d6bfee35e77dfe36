"""When two file names mean one image: the same, or the same but for leading folders."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath


def normalised(file_name: str) -> str:
    r"""Return a file name with forward slashes and without `./`.

    Example:
        >>> normalised("./train\\0001.jpg")
        'train/0001.jpg'
    """
    return str(PurePosixPath(file_name.replace("\\", "/")))


class NameIndex:
    """Finds file names among known ones, with leading folders added or dropped.

    Labelling tools return `train/0001.jpg` as `0001.jpg` or `/upload/train/0001.jpg`; both are
    that image. `test/0001.jpg` is not.
    """

    def __init__(self, file_names: Iterable[str]) -> None:
        self._exact: dict[str, int] = {}
        self._by_base: dict[str, list[tuple[str, int]]] = {}
        for index, file_name in enumerate(file_names):
            name = normalised(file_name)
            self._exact[name] = index
            self._by_base.setdefault(name.rsplit("/", 1)[-1], []).append((name, index))

    def matches(self, file_name: str) -> list[int]:
        """Return the positions of the names that mean the same image; more than one: unclear."""
        name = normalised(file_name)
        if name in self._exact:
            return [self._exact[name]]
        candidates = self._by_base.get(name.rsplit("/", 1)[-1], [])
        return [index for known, index in candidates if _is_tail(known, name)]

    def find(self, file_name: str) -> int | None:
        """Return the position of the one name that means the same image, or None."""
        found = self.matches(file_name)
        return found[0] if len(found) == 1 else None


def _is_tail(one: str, other: str) -> bool:
    """Return whether one path is the end of the other, at a folder's border."""
    return ("/" + one).endswith("/" + other) or ("/" + other).endswith("/" + one)
