"""How pixels of more than 8 bits become 8: one rule, for training, browsing and the review."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from custom.errors import PodiumError

# Each image from its darkest to its brightest pixel.
BY_IMAGE = "image"
# "image", or the values that become 0 and 255.
Depth = str | tuple[float, float]
_PNG = b"\x89PNG\r\n\x1a\n"
# Bytes of a file that tell whether it may be deep.
HEAD_BYTES = 26


def check_depth(value: Any) -> Depth | None:
    """Return a rule as the code has it; None is no rule.

    Raises:
        PodiumError: If it is no rule.
    """
    if value is None or value == BY_IMAGE:
        return value
    is_range = isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 2
    if not is_range or any(type(each) not in (int, float) for each in value):
        raise PodiumError(f'depth must be "image" or two numbers (low, high), but is {value!r}')
    low, high = map(float, value)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise PodiumError(f"depth must be (low, high) with low below high, but is {value!r}")
    return low, high


def depth_of(image: Image.Image) -> str:
    """Return what an open image has of more than 8 bits: "integers", "floats", "colours" or ""."""
    if image.mode.startswith("F"):
        return "floats"
    if image.mode.startswith("I"):
        return "integers"
    tiles = getattr(image, "tile", None) or ()
    return "colours" if any(";16" in str(tile[-1]) for tile in tiles) else ""


def to_8_bit(image: Image.Image, depth: Depth | None = None) -> Image.Image:
    """Return an image with 8 bits a channel; a deeper one is scaled by the rule, or by itself.

    Pillow alone cuts 16 bits off at 255, which leaves white pictures, and floats at 1.

    Args:
        image: Of any mode; of 16-bit colours Pillow has taken the upper 8 bits already.
        depth: The rule; None is "image".
    """
    if not image.mode.startswith(("I", "F")):
        return image
    values = np.asarray(image)
    if depth is None or isinstance(depth, str):
        finite = values[np.isfinite(values)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    else:
        low, high = depth
    return Image.fromarray(scaled(values, low, high))


def scaled(values: npt.NDArray[Any], low: float, high: float) -> npt.NDArray[np.uint8]:
    """Return values of any type as uint8, `low` and less as 0, `high` and more as 255."""
    share = (values.astype(np.float64) - low) * (255 / max(high - low, 1e-9))
    return np.clip(np.nan_to_num(share), 0, 255).astype(np.uint8)


def deep_pixels(
    content: bytes, depth: Depth | None, upright: bool = True
) -> npt.NDArray[np.uint8] | None:
    """Return the pixels of a deep image file as it is trained on, or None where it is not deep.

    Args:
        content: Of the file.
        depth: The rule.
        upright: Whether photographs are turned as EXIF says.

    Returns:
        Shape (H, W), grey.

    Raises:
        PodiumError: If floats come without a rule.
        OSError: If it is no image.
    """
    if not may_be_deep(content):
        return None
    with Image.open(io.BytesIO(content)) as image:
        if not image.mode.startswith(("I", "F")):
            return None
        if image.mode.startswith("F") and depth is None:
            raise PodiumError(floats_need_a_rule("an image"))
        turned = ImageOps.exif_transpose(image) if upright else image
        return np.asarray(to_8_bit(turned, depth))


def floats_need_a_rule(what: str) -> str:
    """Return why pixels that are floats are refused without a rule."""
    return (
        f"{what} has floats for pixels, which may run from 0 to 1 or mean anything else; say which "
        'values become black and white: competition.depth = (low, high), or "image" for each '
        "image's own darkest and brightest"
    )


def may_be_deep(head: bytes) -> bool:
    """Return whether a file may have more than 8 bits, by its first bytes."""
    if head.startswith(_PNG):
        return len(head) > 24 and head[24] == 16
    return not head.startswith((b"\xff\xd8", b"BM", b"GIF8"))
