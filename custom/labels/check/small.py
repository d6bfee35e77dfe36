"""Pictures at a small size, to compare them with each other."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from custom.depth import to_8_bit
from custom.errors import PodiumError

SIDE = 48
_READERS = 4

Small = npt.NDArray[np.float32]


def read_small(paths: Sequence[Path]) -> Small:
    """Return the pictures as (I, 48, 48, 3), as factors of their own mean brightness.

    A camera's exposure changes from frame to frame; what it looks at does not.

    Raises:
        PodiumError: If a file cannot be read.
    """
    with ThreadPoolExecutor(_READERS) as pool:
        pictures = list(pool.map(_read_one, paths))
    return np.stack(pictures) if pictures else np.empty((0, SIDE, SIDE, 3), np.float32)


def _read_one(path: Path) -> npt.NDArray[Any]:
    try:
        with Image.open(path) as image:
            image.draft("RGB", (2 * SIDE, 2 * SIDE))
            small = to_8_bit(image).convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
    except (OSError, SyntaxError, ValueError) as error:
        raise PodiumError(f"{path} must be an image, but: {error}") from error
    pixels = np.asarray(small, np.float32)
    return pixels / max(float(pixels.mean()), 1.0)
