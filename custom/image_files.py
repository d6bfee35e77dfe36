"""Image files: where a file name leads to."""

from __future__ import annotations

import logging
import os
import stat
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from PIL import Image

from custom.errors import PodiumError
from custom.files import PathLike

logger = logging.getLogger(__name__)

# OpenCV, which training reads with, takes images up to 2^30 pixels; Pillow warns far below that.
MAX_PIXELS = 1 << 30
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name.replace("\\", "/")).lstrip("/")


def _base(name: str) -> str:
    return unquote(_composed(name)).rsplit("/", 1)[-1]


# How a file name may differ from the file's, from the most to the least alike.
_FORMS: Mapping[str, Callable[[str], str]] = {
    "in another Unicode form or with backslashes": _composed,
    "with the escapes of a URL": lambda name: unquote(_composed(name)),
    "in other case": lambda name: unquote(_composed(name)).casefold(),
    "in another folder": _base,
    "in another folder and in other case": lambda name: _base(name).casefold(),
}


@dataclass(frozen=True)
class ImageFiles:
    """The files of a list of images.

    Attributes:
        paths: One a file name; of one that is not found the path where it should be.
        missing: The file names without a file.
    """

    paths: tuple[Path, ...]
    missing: tuple[str, ...] = ()


def find_images(
    folder: PathLike, file_names: Sequence[str], allow_outside: bool = False
) -> ImageFiles:
    """Find the files that the file names of an annotation file mean.

    A name that is not there as it is written is looked for in another Unicode form, with
    backslashes, URL escapes, another case or another folder, and taken where one file fits alone;
    that is said once, as a warning.

    Args:
        folder: Where the file names start from.
        file_names: As the annotation file has them.
        allow_outside: Whether names may lead out of the folder.

    Raises:
        PodiumError: If a name leads out of the folder.
    """
    folder = Path(folder)
    if not allow_outside:
        _check_inside(folder, file_names)
    paths = [folder / name for name in file_names]
    absent = [index for index, path in enumerate(paths) if not path.is_file()]
    if not absent or not folder.is_dir():
        return ImageFiles(tuple(paths), tuple(file_names[index] for index in absent))
    files = list(_files_below(folder))
    for form, key in _FORMS.items():
        found = _match([file_names[index] for index in absent], files, key)
        for index in absent:
            if file_names[index] in found:
                paths[index] = folder / found[file_names[index]]
        if found:
            name, file = next(iter(found.items()))
            _say_once(f"{folder}: {len(found)} images were found {form}: {name} is {file}")
        absent = [index for index in absent if file_names[index] not in found]
    return ImageFiles(tuple(paths), tuple(file_names[index] for index in absent))


@lru_cache
def _say_once(text: str) -> None:
    logger.warning("%s", text)


def _check_inside(folder: Path, file_names: Sequence[str]) -> None:
    root = os.path.normpath(folder.absolute())
    for name in file_names:
        path = os.path.normpath(os.path.join(root, name.replace("\\", "/")))
        if os.path.commonpath([root, path]) != root:
            raise PodiumError(
                f"file names must lie below {folder}, but one is {name!r}; name the folder that "
                "all of them start from"
            )


def _files_below(folder: Path) -> Iterator[str]:
    """Yield the regular files below a folder, relative to it, with forward slashes."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(parent, name)
            if path.is_file():
                yield path.relative_to(folder).as_posix()


def _match(names: Sequence[str], files: Sequence[str], key: Callable[[str], str]) -> dict[str, str]:
    """Return the file of each name whose key one file alone has, and one name alone."""
    by_key: dict[str, list[str]] = {}
    for file in files:
        by_key.setdefault(key(file), []).append(file)
    wanted: dict[str, list[str]] = {}
    for name in names:
        wanted.setdefault(key(name), []).append(name)
    return {
        same[0]: by_key[shared][0]
        for shared, same in wanted.items()
        if len(same) == 1 and len(by_key.get(shared, ())) == 1
    }


def read_image_bytes(path: Path) -> bytes:
    """Return the content of an image file; a pipe or a device, which may never end, is refused.

    Raises:
        OSError: If there is no such regular file, or it cannot be read.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(None, "not a regular file")
    return path.read_bytes()
