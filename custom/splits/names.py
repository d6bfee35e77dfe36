"""File names of images: which folder they start from, and when two of them mean one image."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from custom.errors import PodiumError
from custom.files import PathLike
from custom.image_files import find_images
from custom.image_folders import find_images_folder
from custom.tables import Images


def images_folder(ann_file: PathLike, images: Images, named: PathLike | None) -> Path | None:
    """Return the folder that the file names start from, or None where no images are.

    Args:
        ann_file: The annotations; images are looked for beside them, and as layouts have them.
        images: What they list.
        named: The folder that the user named, taken as it is.

    Raises:
        PodiumError: If the named folder does not exist, or several may be meant.
    """
    if named is not None:
        if not Path(named).is_dir():
            raise PodiumError(f"--images must be a folder, but {named} is not")
        return Path(named)
    folder = find_images_folder(ann_file, images.file_names) or Path(ann_file).parent
    found = find_images(folder, images.file_names)
    return folder if len(found.missing) < len(images) else None


def normalised(file_name: str) -> str:
    r"""Return a file name in Unicode's composed form, with forward slashes and without `./`.

    Example:
        >>> normalised("./train\\0001.jpg")
        'train/0001.jpg'
    """
    return str(PurePosixPath(unicodedata.normalize("NFC", file_name.replace("\\", "/"))))


# What tools make of `photo 0.jpg`: Label Studio `1a2b3c4d-photo_0.jpg` or `photo%200.jpg`,
# Roboflow `photo-0_jpg.rf.<hash>.jpg`.
_LABEL_STUDIO = re.compile(r"^[0-9a-f]{8}-(?=.)")
# For --group-by: the picture's own name before Roboflow's suffix, or the whole name.
ROBOFLOW_KEY = r"^(.+?)(?:_(?:jpe?g|png|bmp|tiff?|webp)\.rf\.\w+)?\.\w+$"
_ROBOFLOW = re.compile(r"_(jpe?g|png|bmp|tiff?|webp)\.rf\.\w+$", re.IGNORECASE)


def stem_of(file_name: str) -> str:
    """Return what is left of a file name when what labelling tools add or change is taken away.

    Folders, the extension, Label Studio's prefix, Roboflow's suffix and the escapes of URLs go;
    case is folded, and whatever is no letter, digit, dot or minus becomes an underscore.

    Example:
        >>> stem_of("images/1a2b3c4d-Photo_0.jpg"), stem_of("photo%200_jpg.rf.Xy12.jpg")
        ('photo_0', 'photo_0')
    """
    base = unquote(normalised(file_name)).rsplit("/", 1)[-1]
    stem = _ROBOFLOW.sub("", _LABEL_STUDIO.sub("", base.rpartition(".")[0] or base))
    return re.sub(r"[^\w.-]", "_", stem).casefold()


def roboflow_sources(file_names: Iterable[str]) -> dict[str, int]:
    """Return how many copies each picture has whose copies Roboflow named, where there are two."""
    counts = Counter(
        _ROBOFLOW.sub("", name.rpartition(".")[0])
        for name in file_names
        if _ROBOFLOW.search(name.rpartition(".")[0])
    )
    return {source: count for source, count in counts.items() if count > 1}


def match_by_stem(file_names: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Return which known name each file name means, by `stem_of`, where that is one to one."""
    by_stem: list[dict[str, list[str]]] = [{}, {}]
    for found, names in zip(by_stem, (file_names, known), strict=True):
        for name in names:
            found.setdefault(stem_of(name), []).append(name)
    found_names, meant = by_stem
    return {
        names[0]: meant[stem][0]
        for stem, names in found_names.items()
        if len(names) == 1 and len(meant.get(stem, ())) == 1
    }


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
