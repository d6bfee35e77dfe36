"""Checks on image files that a decoder leaves out."""

from __future__ import annotations

import os

from PIL import Image

from custom.errors import PodiumError

# Enough for what cameras and editors append behind the end marker.
_TAIL_BYTES = 4096


def check_whole(path: str) -> None:
    """Refuse a JPEG file that ends before its image does.

    OpenCV decodes the part that is there and paints the rest grey, so that an interrupted
    download would be trained on in silence.

    Raises:
        PodiumError: If the file is missing, unreadable or cut short.
    """
    try:
        if not path.lower().endswith((".jpg", ".jpeg")) or b"\xff\xd9" in _tail(path):
            return
        with Image.open(path) as image:
            image.load()
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: str, error: Exception) -> PodiumError:
    """Return the error for an image that cannot be used."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return PodiumError(
        f"cannot read the image {path}: {reason}; restore the file, or take the image out of "
        "the annotation file"
    )


def _tail(path: str) -> bytes:
    with open(path, "rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - _TAIL_BYTES))
        return stream.read()
