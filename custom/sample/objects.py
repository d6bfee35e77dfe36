"""One drawing function a class: shape, colours and texture tell the classes apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from custom.sample.canvas import (
    SIDE,
    Canvas,
    Colour,
    Sprite,
    blob,
    creases,
    cylinder,
    ellipse,
    lines,
    noise,
    polygon,
    rectangle,
    rounded,
)
from custom.sample.colours import lighter, pick

Draw = Callable[[np.random.Generator], Sprite]


@dataclass(frozen=True)
class ObjectClass:
    """One class of the recycling-trash competition; its category id is the place in `CLASSES`.

    Attributes:
        name: The competition's name for it.
        boxes: How many boxes of it the competition's `train.json` has, of 23,144.
        scale: Typical size against the other classes.
        draw: Draws one.
    """

    name: str
    boxes: int
    scale: float
    draw: Draw


def draw_general_trash(rng: np.random.Generator) -> Sprite:
    """Draw a snack wrapper: saturated, striped, with crimped zigzag ends."""
    canvas = Canvas()
    half = rng.uniform(0.42, 0.6)
    teeth = np.linspace(-half, half, 13)
    depth = np.where(np.arange(13) % 2 == 0, 0.88, 0.8)
    outline = np.concatenate(
        [np.stack([teeth, -depth], 1), np.stack([teeth[::-1], depth[::-1]], 1)]
    )
    main = pick(rng, [(40, 40, 215), (200, 40, 150), (20, 130, 240), (170, 30, 90)])
    canvas.paint(polygon(outline), main)
    stripe = pick(rng, [(60, 230, 250), (250, 250, 250)])
    tilt = rng.uniform(0.2, 0.5)
    for y in (-0.25, 0.05, 0.35):
        band = [(-1, y - tilt), (1, y + tilt), (1, y + tilt + 0.13), (-1, y - tilt + 0.13)]
        canvas.mark(polygon(band), stripe)
    canvas.mark(ellipse(0, 0, half * 0.55, 0.22), stripe)
    canvas.mark(ellipse(0, 0, half * 0.4, 0.14), main)
    for y in (-0.74, 0.74):
        canvas.mark(rectangle(-1, y - 0.025, 1, y + 0.025), (190, 190, 190), 0.6)
    canvas.shade(creases(rng, 6, 0.3))
    return canvas.sprite()


def draw_paper(rng: np.random.Generator) -> Sprite:
    """Draw a printed sheet: pale, four corners, rows of text, a fold."""
    canvas = Canvas()
    width = rng.uniform(0.58, 0.72)
    corners = np.array([(-width, -0.85), (width, -0.85), (width, 0.85), (-width, 0.85)])
    sheet = polygon(corners + rng.normal(0, 0.05, (4, 2)))
    canvas.paint(sheet, pick(rng, [(238, 242, 244), (205, 225, 235), (190, 215, 240)]))
    margin = width - 0.14
    for y in np.arange(-0.7, 0.75, 0.13).tolist():
        end = margin * rng.uniform(0.4, 1)
        canvas.mark(lines([(-margin, y), (end, y)], 0.035), (95, 85, 85), 0.8)
    if rng.random() < 0.6:  # a picture among the text
        top = rng.uniform(-0.6, 0.1)
        canvas.mark(rectangle(-margin, top, margin * 0.3, top + 0.42), _muted(rng))
    fold = rng.uniform(-0.4, 0.4)
    canvas.shade(1 - 0.16 * rectangle(-1, fold, 1, 1))
    canvas.shade(creases(rng, 3, 0.08))
    return canvas.sprite()


def draw_paper_pack(rng: np.random.Generator) -> Sprite:
    """Draw a milk carton: a body in two colours under a gable with a sealed ridge."""
    canvas = Canvas()
    half, shoulder = rng.uniform(0.36, 0.46), rng.uniform(-0.5, -0.35)
    main = pick(rng, [(190, 110, 20), (70, 150, 40), (60, 170, 230)])
    canvas.paint(rectangle(-half, shoulder, half, 0.9), (245, 245, 245))
    gable = [(-half, shoulder), (half, shoulder), (half * 0.62, -0.72), (-half * 0.62, -0.72)]
    canvas.paint(polygon(gable), main)
    canvas.paint(rectangle(-half * 0.66, -0.9, half * 0.66, -0.7), (235, 235, 235))
    canvas.shade(1 - 0.35 * rectangle(half * 0.35, -1, 1, 1))  # the side away from the light
    canvas.mark(rectangle(-half, 0.3, half, 0.9), main, 0.95)
    canvas.mark(ellipse(-half * 0.3, 0.05, half * 0.45, 0.2), main)
    canvas.mark(lines([(half * 0.35, shoulder), (half * 0.35, 0.9)], 0.02), (120, 120, 120))
    canvas.shade(1 + 0.03 * noise(rng, (SIDE, SIDE), 12))
    return canvas.sprite()


def draw_metal(rng: np.random.Generator) -> Sprite:
    """Draw a drink can: a short tube with bright rims, the lid's ellipse and a label."""
    canvas = Canvas()
    half = rng.uniform(0.46, 0.54)
    silver = (196, 194, 190)
    canvas.paint(rectangle(-half, -0.68, half, 0.72), silver)
    canvas.paint(ellipse(0, 0.72, half, 0.15), silver)
    canvas.mark(rectangle(-half, -0.42, half, 0.56), pick(rng, _CAN_LABELS))
    canvas.mark(ellipse(0, 0.56, half, 0.12), pick(rng, [silver, (120, 120, 120)]))
    canvas.mark(ellipse(0, 0.06, half * 0.5, 0.28), (240, 240, 240))
    canvas.shade(cylinder(0.75, half))
    canvas.paint(ellipse(0, -0.68, half, 0.17), (225, 225, 225))
    canvas.mark(ellipse(0, -0.68, half * 0.82, 0.12), (150, 150, 150))
    canvas.mark(ellipse(0.03, -0.66, half * 0.25, 0.05), (60, 60, 60))
    if rng.random() < 0.4:
        canvas.shade(creases(rng, 3, 0.25))
    return canvas.sprite()


def draw_glass(rng: np.random.Generator) -> Sprite:
    """Draw a beer or wine bottle: dark green or brown, sloping shoulders, a streak of light."""
    canvas = Canvas()
    half, shoulder = rng.uniform(0.24, 0.3), rng.uniform(-0.25, -0.05)
    neck = 0.1
    side = [(neck, -0.95), (neck, -0.5), (half * 0.8, shoulder - 0.12), (half, shoulder + 0.1)]
    side += [(half, 0.88), (half * 0.85, 0.95)]
    outline = side + [(-x, y) for x, y in reversed(side)]
    dark = pick(rng, [(35, 105, 30), (15, 55, 105), (45, 90, 20), (20, 40, 80)])
    canvas.paint(polygon(outline), dark, opacity=rng.uniform(0.84, 0.95))
    canvas.shade(cylinder(0.5, half))
    if rng.random() < 0.5:
        label = pick(rng, [(200, 225, 235), (60, 190, 220)])
        canvas.mark(rectangle(-1, 0.2, 1, 0.62), label)
        canvas.mark(rectangle(-half * 0.6, 0.36, half * 0.6, 0.44), (40, 40, 120))
    canvas.mark(
        lines([(-half * 0.5, shoulder + 0.1), (-half * 0.5, 0.8)], 0.05), (230, 245, 235), 0.7
    )
    canvas.mark(lines([(-neck * 0.4, -0.85), (-neck * 0.4, -0.5)], 0.03), (230, 245, 235), 0.6)
    canvas.paint(rectangle(-neck * 1.25, -0.97, neck * 1.25, -0.86), lighter(dark, 1.6))
    return canvas.sprite()


def draw_plastic(rng: np.random.Generator) -> Sprite:
    """Draw a water bottle: clear and bluish, ribbed, a label, a bright screw cap."""
    canvas = Canvas()
    half = rng.uniform(0.32, 0.4)
    side = [(0.14, -0.8), (0.16, -0.68), (half, -0.38), (half, 0.0), (half * 0.9, 0.06)]
    side += [(half, 0.12), (half, 0.85), (half * 0.8, 0.93)]
    outline = side + [(-x, y) for x, y in reversed(side)]
    clear = pick(rng, [(245, 225, 190), (240, 235, 215), (250, 215, 170)])
    canvas.paint(polygon(outline), clear, opacity=rng.uniform(0.62, 0.78))
    for y in np.arange(0.3, 0.9, 0.13).tolist():
        canvas.mark(lines([(-half, y), (half, y)], 0.025), (150, 120, 90), 0.55)
    canvas.shade(cylinder(0.35, half))
    accent = pick(rng, [(220, 110, 20), (60, 60, 225), (70, 170, 40), (230, 170, 30)])
    canvas.paint(rectangle(-half, -0.3, half, -0.02), accent)
    canvas.mark(lines([(-half * 0.6, -0.16), (half * 0.6, -0.16)], 0.07), (245, 245, 245))
    canvas.mark(lines([(-half * 0.5, -0.3), (-half * 0.5, 0.8)], 0.05), (255, 255, 255), 0.75)
    canvas.paint(rectangle(-0.17, -0.95, 0.17, -0.78), accent)
    canvas.mark(lines(outline, 0.025, closed=True), (170, 140, 110), 0.6)
    return canvas.sprite()


def draw_styrofoam(rng: np.random.Generator) -> Sprite:
    """Draw a food tray: white, round corners, a recess, the grain of beads."""
    canvas = Canvas()
    height = rng.uniform(0.6, 0.85)
    canvas.paint(rounded(-0.88, -height, 0.88, height, 0.2), (244, 244, 244))
    canvas.mark(rounded(-0.68, -height + 0.2, 0.68, height - 0.2, 0.14), (196, 198, 200))
    canvas.mark(rounded(-0.62, -height + 0.28, 0.68, height - 0.2, 0.12), (226, 228, 230))
    canvas.shade(1.03 - 0.08 * np.abs(noise(rng, (SIDE, SIDE), 34)))
    for _ in range(int(rng.integers(0, 3))):  # a bite out of the rim
        angle = rng.uniform(0, 2 * np.pi)
        bite = ellipse(0.92 * np.cos(angle), (height + 0.04) * np.sin(angle), 0.16, 0.14)
        canvas.alpha *= 1 - bite
    return canvas.sprite()


def draw_plastic_bag(rng: np.random.Generator) -> Sprite:
    """Draw a carrier bag: a crumpled translucent sack with two handles."""
    canvas = Canvas()
    tint = pick(rng, [(240, 240, 240), (170, 235, 200), (215, 190, 250), (150, 240, 250)])
    opacity = rng.uniform(0.72, 0.9)
    body = blob(rng, 0.78, 0.62, 0.3) + np.array([0.0, 0.28])
    canvas.paint(polygon(body), tint, opacity)
    reach = rng.uniform(0.26, 0.36)
    for sign in (-1, 1):
        loop = [(sign * 0.1, -0.1), (sign * 0.16, -0.6), (sign * reach, -0.86)]
        loop += [(sign * (reach + 0.22), -0.6), (sign * (reach + 0.18), -0.05)]
        canvas.paint(lines(loop, 0.15), tint, opacity)
    canvas.shade(creases(rng, 5, 0.33))
    canvas.mark(lines([(-0.5, -0.12), (0, 0.02), (0.5, -0.12)], 0.03), (120, 120, 120), 0.5)
    return canvas.sprite()


def draw_battery(rng: np.random.Generator) -> Sprite:
    """Draw a round cell: black, a copper end and a steel nub."""
    canvas = Canvas()
    half = rng.uniform(0.3, 0.38)
    canvas.paint(rectangle(-half, -0.75, half, 0.9), (38, 36, 34))
    top = pick(rng, [(50, 130, 215), (40, 175, 235)])
    canvas.mark(rectangle(-half, -0.75, half, -0.25), top)
    canvas.shade(cylinder(0.6, half))
    canvas.paint(rectangle(-0.13, -0.92, 0.13, -0.74), (205, 205, 205))
    for plus in ([(-0.12, 0.2), (0.12, 0.2)], [(0, 0.08), (0, 0.32)]):
        canvas.mark(lines(plus, 0.07), (235, 235, 235))
    return canvas.sprite()


def draw_clothing(rng: np.random.Generator) -> Sprite:
    """Draw a T-shirt: body, sleeves and collar, woven, plain or striped."""
    canvas = Canvas()
    half = rng.uniform(0.4, 0.48)
    side = [(0.16, -0.72), (0.42, -0.74), (0.92, -0.36), (0.74, -0.1), (half, -0.3), (half, 0.85)]
    outline = side + [(-x, y) for x, y in reversed(side)]
    dye = pick(rng, [(130, 60, 40), (70, 60, 150), (110, 120, 40), (120, 90, 110)])
    canvas.paint(polygon(outline), dye)
    if rng.random() < 0.5:
        for y in np.arange(-0.5, 0.9, 0.26).tolist():
            canvas.mark(rectangle(-1, y, 1, y + 0.11), lighter(dye, 2.1))
    canvas.mark(ellipse(0, -0.72, 0.2, 0.13), lighter(dye, 0.4))
    weave = np.indices((SIDE, SIDE)).sum(axis=0) // 2 % 2
    canvas.shade((1 - 0.08 * weave).astype(np.float32))
    canvas.shade(creases(rng, 3, 0.22))
    return canvas.sprite()


# Order, names and numbers of boxes: train.json of the recycling-trash competition.
CLASSES = (
    ObjectClass("General trash", 3966, 0.85, draw_general_trash),
    ObjectClass("Paper", 6352, 1.0, draw_paper),
    ObjectClass("Paper pack", 897, 1.0, draw_paper_pack),
    ObjectClass("Metal", 936, 0.85, draw_metal),
    ObjectClass("Glass", 982, 1.15, draw_glass),
    ObjectClass("Plastic", 2943, 1.15, draw_plastic),
    ObjectClass("Styrofoam", 1263, 1.0, draw_styrofoam),
    ObjectClass("Plastic bag", 5178, 1.15, draw_plastic_bag),
    ObjectClass("Battery", 159, 0.6, draw_battery),
    ObjectClass("Clothing", 468, 1.3, draw_clothing),
)

_CAN_LABELS: list[Colour] = [(40, 30, 200), (170, 80, 20), (40, 130, 50), (30, 160, 230)]


def _muted(rng: np.random.Generator) -> Colour:
    """Return a greyish colour, as a printed picture has from afar."""
    blue, green, red = rng.uniform(90, 180, 3).tolist()
    return blue, green, red
