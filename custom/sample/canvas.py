"""A square drawing area with an alpha channel, in unit coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.floating[Any]]
Colour = tuple[float, float, float]

SIDE = 192
# Bits of the fraction in OpenCV's fixed-point coordinates.
_SHIFT = 6


@dataclass(frozen=True)
class Sprite:
    """A drawn object.

    Attributes:
        colour: Shape (S, S, 3), BGR, 0 to 255.
        alpha: Shape (S, S), 0 (nothing there) to 1.
    """

    colour: Pixels
    alpha: Pixels


class Canvas:
    """Paints shapes over each other; x to the right and y down, both from -1 to 1."""

    def __init__(self) -> None:
        self.colour = np.zeros((SIDE, SIDE, 3), np.float32)
        self.alpha = np.zeros((SIDE, SIDE), np.float32)

    def paint(self, mask: Pixels, colour: Colour, opacity: float = 1.0) -> None:
        """Paint `colour` (BGR, 0 to 255) where `mask` (S, S) is 1; `opacity` is of the object."""
        flat = np.asarray(colour, np.float32)
        if not self.alpha.any():  # no dark rim around the first shape when it is scaled
            self.colour[:] = flat
        self._blend(mask, flat)
        self.alpha = np.maximum(self.alpha, mask * np.float32(opacity))

    def mark(self, mask: Pixels, colour: Colour, strength: float = 1.0) -> None:
        """Paint on what is there already, without changing the outline."""
        self._blend(mask * (self.alpha > 0) * np.float32(strength), np.asarray(colour, np.float32))

    def shade(self, factor: Pixels) -> None:
        """Multiply the brightness by `factor`, shape (S, S)."""
        self.colour *= factor[:, :, None]

    def sprite(self) -> Sprite:
        """Return what was painted."""
        return Sprite(np.clip(self.colour, 0, 255), self.alpha)

    def _blend(self, weight: Pixels, colour: Pixels) -> None:
        """Move towards `colour` by `weight` (S, S), only looking where there is any."""
        x, y, width, height = cv2.boundingRect((weight > 0).astype(np.uint8))
        window = self.colour[y : y + height, x : x + width]
        window += (colour - window) * weight[y : y + height, x : x + width, None]


def polygon(points: npt.ArrayLike) -> Pixels:
    """Return the mask (S, S) of a filled polygon."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillPoly(mask, [_fixed(points)], 255, cv2.LINE_AA, _SHIFT)
    return mask.astype(np.float32) / 255


def lines(points: npt.ArrayLike, width: float, closed: bool = False) -> Pixels:
    """Return the mask (S, S) of a line through `points`, `width` in unit coordinates."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    thickness = max(1, round(width * SIDE / 2))
    cv2.polylines(mask, [_fixed(points)], closed, 255, thickness, cv2.LINE_AA, _SHIFT)
    return mask.astype(np.float32) / 255


def rectangle(left: float, top: float, right: float, bottom: float) -> Pixels:
    """Return the mask (S, S) of an upright rectangle."""
    return polygon([(left, top), (right, top), (right, bottom), (left, bottom)])


def rounded(left: float, top: float, right: float, bottom: float, radius: float) -> Pixels:
    """Return the mask (S, S) of an upright rectangle with round corners."""
    turn = np.linspace(0, np.pi / 2, 8)
    corners = [(right, bottom, 0), (left, bottom, 1), (left, top, 2), (right, top, 3)]
    points = []
    for x, y, quarter in corners:
        centre_x = x - radius if x == right else x + radius
        centre_y = y - radius if y == bottom else y + radius
        angles = turn + quarter * np.pi / 2
        points.append(
            np.stack([centre_x + radius * np.cos(angles), centre_y + radius * np.sin(angles)], 1)
        )
    return polygon(np.concatenate(points))


def ellipse(x: float, y: float, radius_x: float, radius_y: float) -> Pixels:
    """Return the mask (S, S) of a filled ellipse."""
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return polygon(np.stack([x + radius_x * np.cos(angles), y + radius_y * np.sin(angles)], 1))


def blob(
    rng: np.random.Generator, radius_x: float, radius_y: float, roughness: float
) -> npt.NDArray[np.float64]:
    """Return the outline (48, 2) of an irregular shape around the middle."""
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    radii = np.ones_like(angles)
    for wave in range(2, 7):
        amplitude = roughness * rng.normal() / wave
        radii += amplitude * np.cos(wave * angles + rng.uniform(0, 2 * np.pi))
    radii = np.clip(radii, 0.55, 1.25) / np.clip(radii, 0.55, 1.25).max()
    return np.stack([radius_x * radii * np.cos(angles), radius_y * radii * np.sin(angles)], 1)


def noise(rng: np.random.Generator, shape_hw: tuple[int, int], cells: float) -> Pixels:
    """Return smooth noise of mean 0 and deviation about 1, with `cells` bumps to a side."""
    height, width = shape_hw
    rows = max(2, round(cells * height / max(shape_hw)))
    columns = max(2, round(cells * width / max(shape_hw)))
    coarse = rng.standard_normal((rows, columns), dtype=np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)


def creases(rng: np.random.Generator, cells: float, depth: float) -> Pixels:
    """Return a brightness factor (S, S) with the sharp folds of crumpled sheet."""
    folds = np.abs(noise(rng, (SIDE, SIDE), cells)) + 0.5 * np.abs(
        noise(rng, (SIDE, SIDE), 2 * cells)
    )
    return (1 + depth * (0.9 - folds)).astype(np.float32)


def cylinder(depth: float, radius: float = 1.0) -> Pixels:
    """Return a brightness factor (S, S): a tube of half width `radius`, lit from the left."""
    x = np.linspace(-1, 1, SIDE, dtype=np.float32) / np.float32(radius)
    profile = 1 + depth * (0.55 * np.exp(-(((x + 0.4) / 0.25) ** 2)) - 0.9 * np.abs(x) ** 2.5)
    return np.broadcast_to(np.clip(profile, 0.15, 2), (SIDE, SIDE)).astype(np.float32)


def _fixed(points: npt.ArrayLike) -> npt.NDArray[np.int32]:
    """Return unit coordinates as OpenCV's fixed-point pixels."""
    pixels = (np.asarray(points, np.float64) + 1) * SIDE / 2 - 0.5
    return np.round(pixels * (1 << _SHIFT)).astype(np.int32)
