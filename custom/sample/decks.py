"""Steel decks for hatches to lie in, and what lies about on them."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from custom.sample.canvas import Colour, noise
from custom.sample.colours import lighter, pick
from custom.sample.strokes import Picture, disc, fill, ring, stroke

_DECKS: list[Colour] = [
    (88, 108, 92), (62, 72, 128), (128, 112, 92), (148, 152, 150), (96, 96, 100),
]  # fmt: skip
_CORNERS = ((-1, -1), (1, -1), (1, 1), (-1, 1))


def draw_deck(rng: np.random.Generator, side: int) -> Picture:
    """Return steel plates with seams, rust, and things that lie about."""
    base = pick(rng, _DECKS)
    tone = 7 * noise(rng, (side, side), 5) + 5 * noise(rng, (side, side), side / 6)
    deck = np.clip(np.array(base) + tone[:, :, None], 0, 255).astype(np.uint8)
    pitch = int(side * rng.uniform(0.3, 0.45))
    for at in range(int(rng.integers(pitch)), side, pitch):
        stroke(deck, [(at, 0), (at, side)], lighter(base, 0.7), side / 160)
        stroke(deck, [(0, at), (side, at)], lighter(base, 0.7), side / 160)
    for _ in range(int(rng.integers(1, 5))):
        _rust(rng, deck)
    for _ in range(int(rng.integers(0, 4))):
        _CLUTTER[int(rng.integers(len(_CLUTTER)))](rng, deck)
    return deck


def _rust(rng: np.random.Generator, deck: Picture) -> None:
    side = len(deck)
    stain = np.zeros((side, side), np.float32)
    centre = rng.uniform(0, side, 2).astype(int).tolist()
    cv2.circle(stain, centre, int(side * rng.uniform(0.01, 0.05)), 1.0, -1)
    weight = cv2.GaussianBlur(stain, (0, 0), side * 0.012)[:, :, None] * 0.6
    deck[:] = (deck * (1 - weight) + np.array((40, 70, 125)) * weight).astype(np.uint8)


def _mat(rng: np.random.Generator, deck: Picture) -> None:
    """A black rubber mat: as dark as an opening, without rim or ladder."""
    side = len(deck)
    half = side * rng.uniform(0.05, 0.09, 2)
    fill(deck, _at_the_edge(rng, side) + np.array(_CORNERS) * half, (30, 30, 32))


def _bucket(rng: np.random.Generator, deck: Picture) -> None:
    side = len(deck)
    centre, radius = _at_the_edge(rng, side), side * rng.uniform(0.03, 0.05)
    disc(deck, centre, radius, pick(rng, [(40, 60, 190), (180, 110, 50), (170, 170, 170)]))
    disc(deck, centre, radius * 0.7, (40, 42, 45))


def _coil(rng: np.random.Generator, deck: Picture) -> None:
    side = len(deck)
    centre, colour = _at_the_edge(rng, side), pick(rng, [(120, 180, 205), (60, 130, 220)])
    for turn in range(4):
        radius = side * (0.02 + 0.013 * turn)
        stroke(deck, ring(centre, radius, radius), colour, side / 110, closed=True)


def _pipe(rng: np.random.Generator, deck: Picture) -> None:
    side = len(deck)
    at = side * (rng.uniform(0.02, 0.16) if rng.random() < 0.5 else rng.uniform(0.84, 0.98))
    ends = [(at, 0), (at, side)] if rng.random() < 0.5 else [(0, at), (side, at)]
    stroke(deck, ends, (48, 48, 50), side * 0.05)
    stroke(deck, ends, pick(rng, [(160, 160, 160), (60, 170, 200)]), side * 0.036)


_CLUTTER = (_mat, _mat, _bucket, _coil, _pipe)


def _at_the_edge(rng: np.random.Generator, side: int) -> npt.NDArray[np.float64]:
    """Return a place beside the hatches."""
    across = rng.uniform(0.1, 0.9)
    return side * np.array([across, rng.uniform(0.1, 0.24) if rng.random() < 0.5 else 0.87])
