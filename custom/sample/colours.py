"""Colours, BGR from 0 to 255: chosen from a few, varied, made lighter or darker."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from custom.sample.canvas import Colour


def pick(rng: np.random.Generator, colours: Sequence[Colour]) -> Colour:
    """Return one of the colours, slightly varied."""
    colour = np.array(colours[int(rng.integers(len(colours)))], float) + rng.normal(0, 8, 3)
    blue, green, red = np.clip(colour, 0, 255).tolist()
    return blue, green, red


def lighter(colour: Colour, factor: float) -> Colour:
    """Return the colour with its brightness multiplied; a factor below 1 makes it darker."""
    blue, green, red = (min(255.0, part * factor) for part in colour)
    return blue, green, red
