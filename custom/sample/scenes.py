"""One scene: objects with shadows on a ground, none of them mostly hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from custom.boxes import BoolArray, IntArray
from custom.sample.canvas import SIDE, Pixels, Sprite
from custom.sample.grounds import draw_ground, light
from custom.sample.objects import CLASSES

# An object keeps at least this part of its pixels when another one lies on it or the frame cuts it.
MIN_VISIBLE = 0.65
# Longest side of an object against the image: median, and spread of its logarithm.
MEDIAN_SIDE = 0.3
SPREAD = 0.38
SIDE_LIMITS = (0.12, 0.62)
_ATTEMPTS = 40


@dataclass(frozen=True)
class Scene:
    """A drawn image and what is on it.

    Attributes:
        image: Shape (size, size, 3), BGR, uint8.
        bboxes: Shape (N, 4), xyxy, around the visible pixels of each object.
        labels: Shape (N,).
    """

    image: npt.NDArray[np.uint8]
    bboxes: IntArray
    labels: IntArray


@dataclass
class _Layer:
    """An object laid out over the whole image."""

    label: int
    colour: Pixels  # (size, size, 3)
    alpha: Pixels  # (size, size)
    pixels: int  # of the whole object, those outside the frame included
    visible: BoolArray  # (size, size)


def draw_scene(
    rng: np.random.Generator, labels: Sequence[int], size: int, zoom: float = 1.0
) -> Scene:
    """Draw a scene with one object of each of `labels`.

    Args:
        rng: The only source of chance.
        labels: Classes to draw, 0..C-1, from the lowest object to the uppermost.
        size: Height and width of the image, in pixels.
        zoom: How many times as large as usual the objects are.

    Returns:
        The scene. An object that found no free place is left out.
    """
    layers: list[_Layer] = []
    for label in labels:
        if (layer := _find_place(rng, label, size, layers, zoom)) is not None:
            for other in layers:
                other.visible &= ~layer.visible
            layers.append(layer)
    image = _compose(rng, layers, size)
    bboxes = np.array([_bbox_of(layer.visible) for layer in layers], np.int64).reshape(-1, 4)
    return Scene(image, bboxes, np.array([layer.label for layer in layers], np.int64))


def _find_place(
    rng: np.random.Generator, label: int, size: int, layers: Sequence[_Layer], zoom: float = 1.0
) -> _Layer | None:
    """Return the object at a place where everything stays visible enough, or None."""
    kind = CLASSES[label]
    sprite = kind.draw(rng)
    relative = MEDIAN_SIDE * kind.scale * np.exp(rng.normal(0, SPREAD))
    for attempt in range(_ATTEMPTS):
        shrink = 0.985**attempt
        side = size * zoom * float(np.clip(relative * shrink, *SIDE_LIMITS))
        layer = _lay(rng, sprite, label, side, size)
        if layer.visible.sum() < MIN_VISIBLE * layer.pixels:
            continue
        if all(
            (other.visible & ~layer.visible).sum() >= MIN_VISIBLE * other.pixels for other in layers
        ):
            return layer
    return None


def _lay(rng: np.random.Generator, sprite: Sprite, label: int, side: float, size: int) -> _Layer:
    """Turn, stretch and move a sprite to a random place."""
    scale = side / (2 * 0.9 * SIDE / 2)  # sprites fill nine tenths of their canvas
    stretch = np.diag([rng.uniform(0.88, 1.12), rng.uniform(0.88, 1.12)])
    angle = rng.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = scale * turn @ stretch
    centre = rng.uniform(0.06, 0.94, 2) * size
    matrix = np.concatenate([linear, (centre - linear @ [SIDE / 2, SIDE / 2])[:, None]], axis=1)
    # Averaging before a strong reduction: the warp itself only looks at the nearest four pixels.
    sigma = max(0.01, 0.4 / scale - 0.3)
    colour = cv2.GaussianBlur(sprite.colour, (0, 0), sigma)
    soft = cv2.GaussianBlur(sprite.alpha, (0, 0), sigma)
    alpha = cv2.warpAffine(soft, matrix, (size, size), flags=cv2.INTER_LINEAR)
    warped = cv2.warpAffine(
        colour, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    visible = np.asarray(alpha > 0.3)
    pixels = int((sprite.alpha > 0.3).sum() * abs(np.linalg.det(linear)))
    return _Layer(label, np.asarray(warped), np.asarray(alpha), pixels, visible)


def _compose(
    rng: np.random.Generator, layers: Sequence[_Layer], size: int
) -> npt.NDArray[np.uint8]:
    """Lay the objects on a ground, each with its shadow, under one light."""
    image = draw_ground(rng, size)
    angle, reach = rng.uniform(0, 2 * np.pi), size * rng.uniform(0.008, 0.025)
    shift = np.array([[1, 0, reach * np.cos(angle)], [0, 1, reach * np.sin(angle)]])
    darkness = np.float32(rng.uniform(0.3, 0.6))
    for layer in layers:
        shadow = cv2.warpAffine(layer.alpha, shift, (size, size))
        shadow = cv2.GaussianBlur(shadow, (0, 0), size * 0.01)
        image *= 1 - darkness * shadow[:, :, None]
        weight = layer.alpha[:, :, None]
        image += (layer.colour - image) * weight
    image *= light(rng, size)[:, :, None]
    image += np.float32(rng.uniform(1, 5)) * rng.standard_normal(image.shape, np.float32)
    return np.clip(np.round(image), 0, 255).astype(np.uint8)


def _bbox_of(visible: BoolArray) -> tuple[int, int, int, int]:
    """Return the box, xyxy, around the true pixels: a pixel at (x, y) covers x to x + 1."""
    rows, columns = np.flatnonzero(visible.any(axis=1)), np.flatnonzero(visible.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
