"""What the trash lies on: textured grounds, light and unlabelled clutter."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from custom.sample.canvas import Pixels, noise

Ground = Callable[[np.random.Generator, int], Pixels]


def asphalt(rng: np.random.Generator, size: int) -> Pixels:
    """Return dark grey with fine grit and a few cracks, shape (size, size, 3)."""
    grey = 88 + 8 * noise(rng, (size, size), 4) + 15 * noise(rng, (size, size), size / 2)
    image = _grey(grey)
    for _ in range(int(rng.integers(0, 3))):
        steps = np.cumsum(rng.normal(0, size / 14, (12, 2)), axis=0) + rng.uniform(0, size, 2)
        cv2.polylines(image, [steps.astype(np.int32)], False, (48, 48, 48), 1, cv2.LINE_AA)
    return image


def concrete(rng: np.random.Generator, size: int) -> Pixels:
    """Return light grey slabs with joints."""
    grey = 158 + 9 * noise(rng, (size, size), 5) + 6 * noise(rng, (size, size), size / 3)
    return _joints(rng, _grey(grey), (size // 2, size // 2), (100, 105, 108))


def tiles(rng: np.random.Generator, size: int) -> Pixels:
    """Return small reddish or ochre paving stones."""
    base = np.array([(85, 105, 160), (105, 145, 180), (125, 130, 150)])[rng.integers(3)]
    side = size // int(rng.integers(5, 8))
    rows = size // side + 2
    tone = np.repeat(np.repeat(rng.normal(0, 9, (rows, rows)), side, 0), side, 1)[:size, :size]
    grain = 6 * noise(rng, (size, size), size / 3)
    image = (base + (tone + grain)[:, :, None]).astype(np.float32)
    return _joints(rng, image, (side, side), tuple((base * 0.65).tolist()))


def grass(rng: np.random.Generator, size: int) -> Pixels:
    """Return a lawn of short strokes."""
    image = np.empty((size, size, 3), np.float32)
    image[:] = (48, 98, 72)
    image += 12 * noise(rng, (size, size), 6)[:, :, None]
    starts = rng.uniform(0, size, (size * 7, 2))
    ends = starts + rng.normal(0, size / 40, (size * 7, 2)) - (0, size / 50)
    tones = rng.normal(0, 22, size * 7)
    for start, end, tone in zip(starts.astype(int), ends.astype(int), tones, strict=True):
        colour = (46 + 0.5 * tone, 104 + tone, 74 + 0.8 * tone)
        cv2.line(image, start.tolist(), end.tolist(), colour, 1)
    return image


def planks(rng: np.random.Generator, size: int) -> Pixels:
    """Return brown boards with grain along them."""
    grain = cv2.resize(
        rng.standard_normal((size // 2, 6), dtype=np.float32),
        (size, size),
        interpolation=cv2.INTER_CUBIC,
    )
    base = np.array([(70, 105, 150), (90, 120, 155), (60, 85, 120)])[rng.integers(3)]
    image = (base + 11 * grain[:, :, None]).astype(np.float32)
    height = size // int(rng.integers(4, 7))
    return _joints(rng, image, (size * 3, height), tuple((base * 0.5).tolist()))


def sand(rng: np.random.Generator, size: int) -> Pixels:
    """Return pale soil, rippled and grainy."""
    ripple = 10 * noise(rng, (size, size), 9) + 9 * noise(rng, (size, size), size / 2)
    return (np.array((135, 172, 196)) + ripple[:, :, None]).astype(np.float32)


GROUNDS: tuple[Ground, ...] = (asphalt, concrete, tiles, grass, planks, sand)


def draw_ground(rng: np.random.Generator, size: int) -> Pixels:
    """Return one of the grounds with leaves, pebbles and twigs on it, shape (size, size, 3)."""
    image = GROUNDS[int(rng.integers(len(GROUNDS)))](rng, size)
    for _ in range(int(rng.integers(0, 9))):
        _drop_clutter(rng, image, size)
    return image


def light(rng: np.random.Generator, size: int) -> Pixels:
    """Return a brightness factor (size, size): a slope across the image and soft blotches."""
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    slope = rng.uniform(0, 0.22) * (np.cos(angle) * x + np.sin(angle) * y)
    factor = rng.uniform(0.8, 1.12) + slope + 0.04 * noise(rng, (size, size), 3)
    return factor.astype(np.float32)


def _drop_clutter(rng: np.random.Generator, image: Pixels, size: int) -> None:
    """Draw one leaf, pebble or twig: small things that are no trash."""
    x, y = rng.integers(0, size, 2).tolist()
    length = int(size * rng.uniform(0.012, 0.04)) + 1
    angle = rng.uniform(0, 360)
    kind = int(rng.integers(3))
    if kind == 0:
        leaf = [(40, 110, 150), (35, 120, 90), (30, 70, 120)][int(rng.integers(3))]
        cv2.ellipse(image, (x, y), (length, length // 2 + 1), angle, 0, 360, leaf, -1, cv2.LINE_AA)
    elif kind == 1:
        tone = rng.uniform(70, 170)
        axes = (length // 2 + 1, length // 3 + 1)
        cv2.ellipse(image, (x, y), axes, angle, 0, 360, (tone, tone, tone), -1, cv2.LINE_AA)
    else:
        end = (int(x + 2 * length * np.cos(angle)), int(y + 2 * length * np.sin(angle)))
        cv2.line(image, (x, y), end, (45, 65, 85), 2, cv2.LINE_AA)


def _grey(values: Pixels) -> Pixels:
    """Return grey values (size, size) as a BGR image."""
    return np.repeat(values[:, :, None], 3, axis=2).astype(np.float32)


def _joints(
    rng: np.random.Generator, image: Pixels, pitch_wh: tuple[int, int], colour: tuple[float, ...]
) -> Pixels:
    """Draw the joints between slabs or boards of the given size, in place."""
    size = image.shape[0]
    width = max(1, size // 160)
    for axis, pitch in enumerate(pitch_wh):
        for at in range(int(rng.integers(pitch)), size, pitch):
            start, end = ((at, 0), (at, size)) if axis == 0 else ((0, at), (size, at))
            cv2.line(image, start, end, colour, width, cv2.LINE_AA)
    return image
