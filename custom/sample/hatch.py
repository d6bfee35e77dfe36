"""Hatches on a deck, seen by a camera that shakes: is one open, is one closed?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from custom.sample.camera import Shake, photograph, scene_size_wh
from custom.sample.canvas import Colour, Pixels
from custom.sample.colours import lighter, pick
from custom.sample.decks import draw_deck
from custom.sample.grounds import light
from custom.sample.strokes import Picture, disc, fill, ring, stroke

CLASSES = ("open", "close")
FRAMES = 5
FRAMES_PER_SECOND = 1.0
# Which hatches a camera sees (True: open), and in how many of 100 videos: one is closed in 87 of
# them, as on the ship that this is drawn after.
VIEWS: tuple[tuple[tuple[bool, ...], int], ...] = (
    ((False,), 66),
    ((True,), 9),
    ((False, False), 6),
    ((True, False), 15),
    ((), 4),
)
SHAKE = Shake(degrees=1.4, shift=0.012, blur=0.6)

_LIDS: list[Colour] = [
    (105, 128, 108),
    (70, 84, 150),
    (150, 130, 104),
    (170, 174, 172),
    (60, 190, 215),
]
_HOLE: Colour = (22, 20, 18)


@dataclass(frozen=True)
class Hatch:
    """One hatch of a deck.

    Attributes:
        centre: x and y of the opening's middle, in pixels of the scene.
        half: Half its width and half its height.
        hinge: Where the hinges are: "top", "left" or "right".
        degrees: How far the lid is lifted; 0 is closed.
        lid: The lid's colour.
    """

    centre: tuple[float, float]
    half: tuple[float, float]
    hinge: str
    degrees: float
    lid: Colour

    def place(self, along: float, away: float) -> tuple[float, float]:
        """Return where a point of the lid is seen: the lid turns about its hinges.

        Args:
            along: -1 to 1, along the hinges.
            away: 0 at the hinges to 2 at the free edge.
        """
        angle = np.radians(self.degrees)
        flat, height = away * np.cos(angle), 0.08 + away * np.sin(angle)
        across, down = {
            "top": (along, flat - 1),
            "left": (flat - 1, along),
            "right": (1 - flat, along),
        }[self.hinge]
        (x, y), (half_x, half_y) = self.centre, self.half
        return x + across * half_x, y + down * half_y - height * half_y * 0.6


def draw_video(
    rng: np.random.Generator, hatches: tuple[bool, ...], size: int, num_frames: int
) -> list[Picture]:
    """Return the frames of a video from one camera.

    Args:
        rng: The only source of chance.
        hatches: Of each hatch in view whether it is open.
        size: Height and width of a frame, in pixels.
        num_frames: How many frames.
    """
    side = scene_size_wh((size, size))[0]
    deck = draw_deck(rng, side)
    lid = pick(rng, _LIDS)
    placed = [
        _a_hatch(rng, side, index, len(hatches), is_open, lid)
        for index, is_open in enumerate(hatches)
    ]
    for hatch in placed:
        _draw_hatch(deck, hatch)
    if not hatches and rng.random() < 0.7:
        _draw_tarpaulin(rng, deck)
    glow = light(rng, size)
    return [_draw_frame(rng, deck, size, glow) for _ in range(num_frames)]


def _draw_frame(rng: np.random.Generator, deck: Picture, size: int, glow: Pixels) -> Picture:
    scene = deck
    if rng.random() < 0.12:
        scene = deck.copy()
        _draw_leg(rng, scene)
    return photograph(rng, scene, (size, size), SHAKE, glow)


def _a_hatch(
    rng: np.random.Generator, side: int, index: int, count: int, is_open: bool, lid: Colour
) -> Hatch:
    """Return a hatch at its place among `count`: the lid of an open one is lifted, often a bit."""
    half_x = side * (rng.uniform(0.14, 0.2) if count == 1 else rng.uniform(0.11, 0.14))
    half_y = half_x * rng.uniform(0.8, 1.05)
    x = side * (0.5 if count == 1 else (0.29, 0.71)[index]) + rng.normal(0, side * 0.025)
    y = side * rng.uniform(0.47, 0.62)
    hinge = ("top", "left", "right")[int(rng.choice(3, p=(0.6, 0.2, 0.2)))]
    degrees = 0.0
    if is_open:
        degrees = rng.uniform(16, 35) if rng.random() < 0.35 else rng.uniform(60, 125)
    return Hatch((x, y), (half_x, half_y), hinge, degrees, lid)


def _draw_hatch(deck: Picture, hatch: Hatch) -> None:
    (x, y), (half_x, half_y) = hatch.centre, hatch.half
    rim = lighter(hatch.lid, 0.8)
    shadow = [
        (x + dx * half_x * 1.24, y + dy * half_y * 1.24 + half_y * 0.1) for dx, dy in _CORNERS
    ]
    fill(deck, shadow, (30, 30, 32))
    fill(deck, [(x + dx * half_x * 1.18, y + dy * half_y * 1.18) for dx, dy in _CORNERS], rim)
    if hatch.degrees:
        _draw_hole(deck, hatch)
    _draw_lid(deck, hatch)
    for along in (-0.55, 0.55):  # the hinges
        disc(deck, hatch.place(along, -0.04), half_x * 0.09, (52, 52, 55))


_CORNERS = ((-1, -1), (1, -1), (1, 1), (-1, 1))


def _draw_hole(deck: Picture, hatch: Hatch) -> None:
    """Draw the dark opening with the upper rungs of a ladder."""
    (x, y), (half_x, half_y) = hatch.centre, hatch.half
    fill(deck, [(x + dx * half_x, y + dy * half_y) for dx, dy in _CORNERS], _HOLE)
    for sign in (-1, 1):
        rail = [(x + sign * half_x * 0.4, y - half_y * 0.95), (x + sign * half_x * 0.3, y + half_y)]
        stroke(deck, rail, (70, 90, 95), half_x * 0.07)
    for step in range(5):
        down, dim = -0.75 + 0.4 * step, 1 - 0.13 * step
        rung = [(x - half_x * 0.37, y + down * half_y), (x + half_x * 0.37, y + down * half_y)]
        stroke(deck, rung, (85 * dim, 105 * dim, 110 * dim), half_x * 0.07)


def _draw_lid(deck: Picture, hatch: Hatch) -> None:
    """Draw the lid where it is lifted to: its top with the wheel, or its underside with ribs."""
    corners = [hatch.place(*at) for at in ((-1.06, 0), (1.06, 0), (1.06, 2.06), (-1.06, 2.06))]
    underside = hatch.degrees > 50
    shade = 0.72 if underside else 1.0
    lid = lighter(hatch.lid, shade)
    thick = hatch.half[1] * 0.09
    fill(deck, [(x, y + thick) for x, y in corners], lighter(lid, 0.55))
    fill(deck, corners, lid)
    dark = lighter(lid, 0.62)
    inner = [hatch.place(*at) for at in ((-0.88, 0.16), (0.88, 0.16), (0.88, 1.88), (-0.88, 1.88))]
    stroke(deck, inner, dark, thick * 0.5, closed=True)
    if underside:
        for start, end in (((-0.88, 0.16), (0.88, 1.88)), ((0.88, 0.16), (-0.88, 1.88))):
            stroke(deck, [hatch.place(*start), hatch.place(*end)], dark, thick)
        return
    wheel = [hatch.place(a, 1 + b) for a, b in ring((0, 0), 0.42, 0.42).tolist()]
    stroke(deck, wheel, (45, 45, 48), thick * 1.1, closed=True)
    for angle in (0.4, 0.4 + np.pi / 3, 0.4 + 2 * np.pi / 3):
        a, b = 0.42 * np.cos(angle), 0.42 * np.sin(angle)
        stroke(deck, [hatch.place(-a, 1 - b), hatch.place(a, 1 + b)], (45, 45, 48), thick * 0.7)
    for along in (-0.75, 0.75):  # the dogs that hold it down
        handle = [hatch.place(along, 1.8), hatch.place(along, 2.14)]
        stroke(deck, handle, (52, 52, 55), thick * 1.3)


def _draw_tarpaulin(rng: np.random.Generator, deck: Picture) -> None:
    """Cover what may be below: nobody can tell whether a hatch is open."""
    side = len(deck)
    angles = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    radii = side * rng.uniform(0.24, 0.33, 14)
    outline = side * np.array([0.5, 0.53]) + np.stack(
        [radii * np.cos(angles), 0.85 * radii * np.sin(angles)], 1
    )
    sheet = pick(rng, [(150, 90, 40), (60, 120, 60), (90, 140, 170)])
    fill(deck, outline + side * 0.012, (32, 32, 34))
    fill(deck, outline, sheet)
    for _ in range(9):
        ends = outline[rng.choice(14, 2, replace=False)] * 0.9 + side * np.array([0.05, 0.053])
        factor = rng.uniform(0.72, 1.2)
        stroke(deck, ends, lighter(sheet, factor), side / 110)


def _draw_leg(rng: np.random.Generator, scene: Picture) -> None:
    """Draw a boot and trousers that come into the picture from a side, over part of the hatch."""
    side = len(scene)
    sign = 1 if rng.random() < 0.5 else -1
    hip = np.array([side * (0.5 + sign * rng.uniform(0.3, 0.5)), -side * 0.02])
    foot = np.array([side * (0.5 + sign * rng.uniform(0.14, 0.3)), side * rng.uniform(0.3, 0.5)])
    stroke(scene, [hip, foot], pick(rng, [(95, 60, 40), (40, 90, 200)]), side * 0.075)
    toe = foot + side * np.array((-0.07 * sign, 0.03))
    stroke(scene, [foot, toe], (35, 40, 45), side * 0.065)
