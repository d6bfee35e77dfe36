"""Shapes drawn straight onto a picture of bytes, with smooth edges and fractions of a pixel."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from custom.sample.canvas import Colour

Picture = npt.NDArray[np.uint8]
# Bits of the fraction in OpenCV's fixed-point coordinates.
_SHIFT = 4


def fill(picture: Picture, points: npt.ArrayLike, colour: Colour) -> None:
    """Fill a polygon (P, 2), x and y in pixels."""
    cv2.fillPoly(picture, [_fixed(points)], colour, cv2.LINE_AA, _SHIFT)


def stroke(
    picture: Picture, points: npt.ArrayLike, colour: Colour, width: float, closed: bool = False
) -> None:
    """Draw a line through points (P, 2), `width` pixels wide."""
    thickness = max(1, round(width))
    cv2.polylines(picture, [_fixed(points)], closed, colour, thickness, cv2.LINE_AA, _SHIFT)


def disc(picture: Picture, centre: npt.ArrayLike, radius: float, colour: Colour) -> None:
    """Fill a circle."""
    fill(picture, ring(centre, radius, radius), colour)


def ring(centre: npt.ArrayLike, radius_x: float, radius_y: float) -> npt.NDArray[np.float64]:
    """Return the outline (32, 2) of an ellipse."""
    angles = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    return np.asarray(centre) + np.stack([radius_x * np.cos(angles), radius_y * np.sin(angles)], 1)


def box_outline(left: float, top: float, right: float, bottom: float) -> npt.NDArray[np.float64]:
    """Return the corners (4, 2) of an upright rectangle."""
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)


def _fixed(points: npt.ArrayLike) -> npt.NDArray[np.int32]:
    return np.round(np.asarray(points, np.float64) * (1 << _SHIFT)).astype(np.int32)
