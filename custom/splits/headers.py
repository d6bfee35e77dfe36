"""Sizes of image files from their headers, read in parallel and remembered."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image, UnidentifiedImageError

from custom.depth import depth_of
from custom.errors import PodiumError
from custom.files import PathLike, canonical_hash, read_json, write_json
from custom.image_files import find_images
from custom.tables import Images

# EXIF orientations that turn a photograph by a quarter: its width is seen as its height.
_QUARTER_TURNS = (5, 6, 7, 8)
_READERS = 8
# How the formats end that a decoder completes in grey where the file was cut short.
_ENDS = {"JPEG": b"\xff\xd9", "PNG": b"IEND"}
# Enough for what cameras and editors append behind the end marker.
_TAIL_BYTES = 4096


@dataclass(frozen=True)
class Header:
    """What an image file says of itself.

    Attributes:
        width: As stored, in pixels.
        height: As stored, in pixels.
        orientation: EXIF's; 1 is upright.
        fault: Why it cannot be used, or "".
        deep: What has more than 8 bits: "integers", "floats", "colours", or "".
    """

    width: int = 0
    height: int = 0
    orientation: int = 1
    fault: str = ""
    deep: str = ""

    @property
    def is_turned(self) -> bool:
        """Whether it is seen with width and height exchanged."""
        return self.orientation in _QUARTER_TURNS

    def size_hw(self, upright: bool = True) -> tuple[int, int]:
        """Return height and width as loaded: by EXIF's orientation, or as stored."""
        stored = (self.height, self.width)
        return stored[::-1] if upright and self.is_turned else stored


def read_header(path: PathLike) -> Header:
    """Read size and orientation, and whether the file's end is there; pixels are not decoded."""
    try:
        with Image.open(path) as image:
            orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
            width, height = image.size
            deep = depth_of(image)
            if (end := _ENDS.get(image.format or "")) and end not in _tail(path):
                image.load()  # what is appended may be longer; a file cut short ends here
    except UnidentifiedImageError:
        return Header(fault="it is no image")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return Header(fault=str(getattr(error, "strerror", None) or error))
    return Header(width, height, orientation, deep=deep)


def read_headers(folder: PathLike, file_names: Sequence[str]) -> list[Header]:
    """Read the headers of many files; those that did not change since the last time are known.

    A file is the same while its name, size and time of change are. What is known is kept in the
    user's cache folder; where that cannot be written, every file is read again.
    """
    memory = _memory_of(folder)
    known = _remembered(memory)
    paths = find_images(folder, file_names).paths
    with ThreadPoolExecutor(_READERS) as pool:
        stamps = list(pool.map(_stamp, paths))
        fresh = [
            index
            for index, (name, stamp) in enumerate(zip(file_names, stamps, strict=True))
            if stamp is None or known.get(name, {}).get("stamp") != stamp
        ]
        headers = dict(zip(fresh, pool.map(read_header, [paths[i] for i in fresh]), strict=True))
    for index, header in headers.items():
        known[file_names[index]] = {"stamp": stamps[index], **asdict(header)}
    if fresh:
        _remember(memory, known)
    return [_header(known[name]) for name in file_names]


def size_fault(header: Header, size_hw: tuple[int, int], upright: bool = True) -> str:
    """Return how a file's size contradicts the annotated one, and the ways out; "" if it fits.

    Args:
        header: The file's.
        size_hw: Annotated height and width.
        upright: Whether the loader turns photographs as EXIF says.
    """
    seen = header.size_hw(upright)
    if seen == tuple(size_hw):
        return ""
    fault = f"annotated as {size_hw[1]}x{size_hw[0]}, but the file is {seen[1]}x{seen[0]}"
    stored = header.size_hw(upright=False)
    if header.is_turned and stored == tuple(size_hw):
        return (
            f"{fault} as it is seen: its EXIF orientation is {header.orientation}, and the "
            "annotation has the size as stored. If its boxes lie on the upright picture, correct "
            "width and height of its entry; if they lie on the stored one, save the file without "
            "the orientation, or load with color_type='color_ignore_orientation'"
        )
    if seen == tuple(size_hw)[::-1]:
        return f"{fault}: width and height of its entry are exchanged"
    return f"{fault}; its boxes belong to another size"


def unclear_turn(header: Header) -> str:
    """Return that a file is turned where its size cannot tell for which way boxes are; else ""."""
    tells = header.is_turned and header.width != header.height
    if header.orientation not in range(2, 9) or tells:
        return ""
    return (
        f"its EXIF orientation is {header.orientation}, by which it is loaded, but its size is the "
        "same either way: look whether its boxes lie on the upright picture (podium browse); if "
        "they lie on the stored one, load with color_type='color_ignore_orientation'"
    )


def check_headers(folder: PathLike, images: Images, upright: bool = True) -> list[Header]:
    """Refuse images that cannot be read, or are of another size than annotated.

    Args:
        folder: Where the file names start from.
        images: Names and annotated sizes.
        upright: Whether the loader turns photographs as EXIF says.

    Returns:
        What each file says of itself.

    Raises:
        PodiumError: It names the first three of them.
    """
    headers = read_headers(folder, images.file_names)
    rows = zip(images.file_names, headers, images.sizes_hw.tolist(), strict=True)
    faults = [
        f"{Path(folder) / name}: {fault}"
        for name, header, (height, width) in rows
        if (fault := header.fault or size_fault(header, (height, width), upright))
    ]
    if faults:
        more = f"\n  and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise PodiumError(
            f"{images.source}: every image must be readable and of its annotated size, but "
            f"{len(faults)} of {len(images)} are not:\n  " + "\n  ".join(faults[:3]) + more
        )
    return headers


def _tail(path: PathLike) -> bytes:
    with open(path, "rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - _TAIL_BYTES))
        return stream.read()


def _stamp(path: Path) -> list[int] | None:
    """Return what changes with a file's content, or None where there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]


def _memory_of(folder: PathLike) -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    key = canonical_hash(str(Path(folder).resolve()))[:16]
    return Path(home) / "podium" / f"headers-{key}.json"


def _remembered(memory: Path) -> dict[str, dict[str, Any]]:
    try:
        content = read_json(memory)
    except PodiumError:
        return {}
    entries = content.items() if isinstance(content, dict) else ()
    names = {"stamp", *Header.__dataclass_fields__}
    return {name: entry for name, entry in entries if isinstance(entry, dict) and names == {*entry}}


def _remember(memory: Path, known: dict[str, dict[str, Any]]) -> None:
    try:
        write_json(memory, known, indent=False)
    except PodiumError:
        return


def _header(entry: dict[str, Any]) -> Header:
    return Header(**{key: entry[key] for key in Header.__dataclass_fields__})
