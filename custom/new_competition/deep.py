"""A rule for images of more than 8 bits, from what a few of them hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from custom.depth import depth_of
from custom.image_files import find_images

_SAMPLED = 50


@dataclass(frozen=True)
class Proposal:
    """A value of `competition.depth`, and why."""

    rule: tuple[float, float]
    said: str


def depth_rule(folder: Path, file_names: Sequence[str]) -> Proposal | None:
    """Return a rule that fits evenly spread images of a folder; None where they have 8 bits.

    Integers get the range of as many bits as their largest value needs, floats 0 to 1 where all
    lie there, and else their own range.
    """
    names = file_names[:: max(1, len(file_names) // _SAMPLED)]
    found = [_extent(path) for path in find_images(folder, names).paths]
    extents = [each for each in found if each is not None]
    if not extents:
        return None
    kinds, lows, highs = zip(*extents, strict=True)
    low, high = min(lows), max(highs)
    if set(kinds) == {"integers"} and low >= 0:
        bits = max(8, int(high).bit_length())
        rule, what = (0.0, 2.0**bits - 1), f"{bits} bits"
    elif low >= 0 and high <= 1:
        rule, what = (0.0, 1.0), "floats from 0 to 1"
    else:
        rule, what = (low, max(high, low + 1e-6)), f"values from {low:g} to {high:g}"
    return Proposal(
        rule, f"pixels: {what}, of which {rule[0]:g} becomes black and {rule[1]:g} white (depth)"
    )


def _extent(path: Path) -> tuple[str, float, float] | None:
    """Return the kind, the smallest and the largest value of a deep image; None of another."""
    if path.suffix.casefold() in (".jpg", ".jpeg") or not path.is_file():
        return None
    try:
        with Image.open(path) as image:
            if (kind := depth_of(image)) not in ("integers", "floats"):
                return None
            values = np.asarray(image)
    except (OSError, SyntaxError, ValueError):
        return None  # the split names what cannot be read
    return kind, float(np.nanmin(values)), float(np.nanmax(values))
