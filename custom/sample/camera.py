"""What a camera does to a drawn scene: it shakes, blurs, and makes a smaller picture of it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from custom.sample.canvas import Pixels
from custom.sample.strokes import Picture

# Scenes are drawn at this many times the size of the picture, and averaged.
OVERSAMPLING = 2
# Moving pictures are drawn with a margin, as a share of the side, so that no shake shows their end.
MARGIN = 0.12


@dataclass(frozen=True)
class Shake:
    """How restless a camera is.

    Attributes:
        degrees: Standard deviation of its rotation.
        shift: Standard deviation of its movement, as a share of the picture's side.
        blur: Standard deviation of the blur's sigma, in pixels of the picture.
    """

    degrees: float
    shift: float
    blur: float


def photograph(
    rng: np.random.Generator, scene: Picture, size_wh: tuple[int, int], shake: Shake, light: Pixels
) -> Picture:
    """Return what the camera sees of a scene.

    Args:
        rng: The only source of chance.
        scene: Drawn at `OVERSAMPLING` times the size, with `MARGIN` on each side.
        size_wh: Of the picture, in pixels.
        shake: How restless the camera is.
        light: Factor of the brightness, shape (height, width).
    """
    width, height = size_wh
    angle = float(np.clip(rng.normal(0, shake.degrees), -5, 5))
    shift = np.clip(rng.normal(0, shake.shift, 2), -0.04, 0.04) * width
    middle = scene.shape[1] / 2, scene.shape[0] / 2
    matrix = cv2.getRotationMatrix2D(middle, angle, rng.uniform(0.99, 1.01))
    wide = OVERSAMPLING * np.array(size_wh)
    matrix[:, 2] = matrix[:, 2] + wide / 2 - middle + OVERSAMPLING * shift
    seen = cv2.warpAffine(scene, matrix, wide.tolist(), borderMode=cv2.BORDER_REPLICATE)
    small = cv2.resize(seen, (width, height), interpolation=cv2.INTER_AREA)
    sigma = min(1.5, abs(rng.normal(0, shake.blur)))
    if sigma > 0.2:
        small = cv2.GaussianBlur(small, (0, 0), sigma)
    grain = rng.uniform(1.5, 4) * rng.standard_normal(small.shape, np.float32)
    bright = small * (light * np.float32(rng.uniform(0.95, 1.05)))[:, :, None] + grain
    return np.clip(np.round(bright), 0, 255).astype(np.uint8)


def scene_size_wh(size_wh: tuple[int, int]) -> tuple[int, int]:
    """Return the width and height at which a scene is drawn for pictures of this size."""
    width, height = (round(OVERSAMPLING * side * (1 + 2 * MARGIN)) for side in size_wh)
    return width, height
