"""The image entries of a COCO file: names, sizes, and the video and time of frames."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from custom.errors import PodiumError
from custom.image_files import find_images
from custom.splits.headers import read_headers
from custom.tables import Images
from custom.tables.images import UNKNOWN, first_duplicate

SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif"))
_NAMED_AT_MOST = 3


@dataclass(frozen=True)
class FramePattern:
    """How a file name says which video it is of, and when.

    Attributes:
        pattern: A regular expression with a group `video`, and `frame` where names count frames.
        frames_per_second: What turns a frame's number into seconds; None for no times.
    """

    pattern: str
    frames_per_second: float | None = None

    def fields_of(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """Return `video_id`, `frame_id` and `timestamp` of each name, as far as it tells them.

        Raises:
            PodiumError: If the expression is not valid, lacks the group, or fits a name not at all.
        """
        compiled = self._compiled()
        entries: list[dict[str, Any]] = []
        for name in names:
            if (match := compiled.search(name)) is None:
                raise PodiumError(f"--frames must fit every file name, but does not fit {name!r}")
            found = match.groupdict()
            entry: dict[str, Any] = {"video_id": found["video"]}
            if "frame" in found:
                entry["frame_id"] = _integer(found["frame"], name)
                if self.frames_per_second is not None:
                    entry["timestamp"] = round(entry["frame_id"] / self.frames_per_second, 6)
            entries.append(entry)
        return entries

    def _compiled(self) -> re.Pattern[str]:
        fps = self.frames_per_second
        try:
            compiled = re.compile(self.pattern)
        except re.error as error:
            raise PodiumError(f"--frames must be a regular expression, but: {error}") from error
        if "video" not in compiled.groupindex:
            raise PodiumError(
                f"--frames must have a group (?P<video>...), and (?P<frame>\\d+) where names count "
                f"frames, but is {self.pattern!r}"
            )
        if fps is not None and not (np.isfinite(fps) and fps > 0):
            raise PodiumError(f"--fps must be a positive number, but is {fps:g}")
        if fps is not None and "frame" not in compiled.groupindex:
            raise PodiumError("--fps needs the group (?P<frame>\\d+) in --frames")
        return compiled


def image_entries(
    names: Sequence[str], folder: Path, root: Path, source: str, leave_out: bool = False
) -> list[dict[str, Any]]:
    """Return the entries of images, numbered from 1, with the sizes that their files have.

    Args:
        names: As the labels name them.
        folder: Where these names start from.
        root: Where the file names in the entries start from: the folder of the COCO file.
        source: Of the names, for messages.
        leave_out: Whether images in the folder that are not among the names are left out.

    Raises:
        PodiumError: If a name has no file, two names mean one file, a file cannot be read or lies
            outside of `root`, or the folder has other images.
    """
    if not folder.is_dir():
        raise PodiumError(f"--images must be a folder of images, but {folder} is not")
    found = find_images(folder, names)
    if found.missing:
        raise PodiumError(
            f"{source}: every image must be in {folder}, but {_some(found.missing)} "
            f"{'is' if len(found.missing) == 1 else 'are'} not; name the folder that the names "
            "start from with --images, or remove these rows"
        )
    relative = [path.relative_to(folder).as_posix() for path in found.paths]
    if (double := first_duplicate(relative)) is not None:
        raise PodiumError(f"{source}: an image must have one name, but {double!r} has two")
    if not leave_out:
        _refuse_others(relative, folder, source)
    headers = read_headers(folder, relative)
    entries = []
    for index, (name, header) in enumerate(zip(relative, headers, strict=True), 1):
        if header.fault:
            raise PodiumError(f"{folder / name} must be an image, but: {header.fault}")
        height, width = header.size_hw()
        file_name = _from_root(folder / name, root)
        entries.append({"id": index, "file_name": file_name, "width": width, "height": height})
    return entries


def images_below(folder: Path) -> list[str]:
    """Return the names of the image files below a folder, relative to it, in order."""
    names = []
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(parent, name)
            if path.suffix.lower() in SUFFIXES and not name.startswith("."):
                names.append(path.relative_to(folder).as_posix())
    return names


def check_frames(images: Images) -> None:
    """Refuse videos whose frames cannot be put in order.

    Raises:
        PodiumError: If some frames of a video have a time or a place and others lack it, or two
            have the same.
    """
    columns: Mapping[str, tuple[Any, Any]] = {
        "timestamp": (images.timestamps, np.isnan(images.timestamps)),
        "frame_id": (images.frame_ids, images.frame_ids == UNKNOWN),
    }
    for video in np.unique(images.video_ids[images.video_ids != UNKNOWN]).tolist():
        frames = np.flatnonzero(images.video_ids == video)
        for what, (values, unknown) in columns.items():
            lacking = frames[unknown[frames]]
            if 0 < len(lacking) < len(frames):
                raise PodiumError(
                    f"{images.source}: frames of one video must all have a {what}, but "
                    f"{images.file_names[lacking[0]]} has none ({len(lacking)} of {len(frames)} "
                    "frames); give all of them, or none"
                )
            order = frames[np.argsort(values[frames], kind="stable")]
            same = np.flatnonzero(np.diff(values[order]) == 0)
            if not len(lacking) and len(same):
                first, second = order[same[0]], order[same[0] + 1]
                raise PodiumError(
                    f"{images.source}: frames of one video must differ in {what}, but "
                    f"{images.file_names[first]} and {images.file_names[second]} have "
                    f"{values[first]:g}"
                )


def _refuse_others(names: Sequence[str], folder: Path, source: str) -> None:
    others = sorted(set(images_below(folder)).difference(names))
    if others:
        raise PodiumError(
            f"{source}: every image in {folder} must have a row, but {_some(others)} "
            f"{'has' if len(others) == 1 else 'have'} none; label them, or leave them out with "
            "--leave-out-unlisted"
        )


def _from_root(path: Path, root: Path) -> str:
    """Return a file's name from the root's folder on."""
    inside, base = path.absolute(), root.absolute()
    if not inside.is_relative_to(base):
        raise PodiumError(
            f"images must lie below the folder of --out ({root}), whose file names start there, "
            f"but {path} does not; write the annotations beside the folder of images"
        )
    return inside.relative_to(base).as_posix()


def _integer(text: str | None, name: str) -> int:
    if text is None or not text.isdigit():
        raise PodiumError(
            f"the group frame of --frames must find digits, but finds {text!r} in {name!r}"
        )
    return int(text)


def _some(names: Sequence[str]) -> str:
    """Return the first few names, for a message."""
    more = len(names) - _NAMED_AT_MOST
    return ", ".join(names[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
