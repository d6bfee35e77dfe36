"""File names of images: which folder they start from, and when two of them mean one image."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from custom.errors import PodiumError
from custom.files import PathLike
from custom.tables import Images


def images_folder(ann_file: PathLike, images: Images, given: PathLike | None) -> Path | None:
    """Return the folder that the file names start from, or None where no images are.

    Args:
        ann_file: The annotations; images are looked for beside them.
        images: What they list.
        given: The folder that the user named, taken as it is.

    Raises:
        PodiumError: If the named folder is none.
    """
    if given is not None:
        if not Path(given).is_dir():
            raise PodiumError(f"--images must be a folder, but {given} is none")
        return Path(given)
    beside = Path(ann_file).parent
    return beside if any((beside / name).is_file() for name in images.file_names) else None


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
