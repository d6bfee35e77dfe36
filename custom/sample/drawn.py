"""One image of a sample, encoded, with what a COCO file says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from custom.boxes import IntArray

_JPEG_QUALITY = 95


@dataclass(frozen=True)
class Drawn:
    """One image and what is annotated on it.

    Attributes:
        name: Of the file, without folder and extension.
        jpeg: The image, encoded.
        size_wh: Its width and height in pixels.
        bboxes: Shape (N, 4), xyxy.
        labels: Shape (N,), 0..C-1.
        image: What else the image's entry says, as its video and time.
        tracks: Shape (N,), whose box it is, where that is known; else empty.
    """

    name: str
    jpeg: bytes
    size_wh: tuple[int, int]
    bboxes: IntArray
    labels: IntArray
    image: Mapping[str, Any] = field(default_factory=dict)
    tracks: IntArray = field(default_factory=lambda: np.empty(0, np.int64))


def encode(picture: npt.NDArray[np.uint8]) -> bytes:
    """Return a picture (BGR) as JPEG."""
    _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return encoded.tobytes()


def whole_image(labels: IntArray, size_wh: tuple[int, int]) -> IntArray:
    """Return a box that covers the image for each of its labels, shape (N, 4), xyxy."""
    return np.tile(np.array([0, 0, *size_wh], np.int64), (len(labels), 1))
