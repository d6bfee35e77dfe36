"""People on the ledges of a facade, in short clips: is the safety rope of each one fastened?

One frame is often not enough to tell. Boards that people carry hide the rope for a moment, and
loose ropes that swing in the wind seem to be fastened for a moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from custom.boxes import IntArray
from custom.sample.camera import Shake, photograph, scene_size_wh
from custom.sample.canvas import Colour, noise
from custom.sample.colours import lighter, pick
from custom.sample.grounds import light
from custom.sample.strokes import Picture, box_outline, disc, fill, ring, stroke

CLASSES = ("rope", "no_rope")
FRAMES = 10
FRAMES_PER_SECOND = 20.0
# Height over width of a frame.
ASPECT = 9 / 16
# How many of 100 people have their rope fastened.
FASTENED = 62
# The camera stands still: a shake would move the annotated boxes.
STILL = Shake(degrees=0.0, shift=0.0, blur=0.5)

# Heights of the ledges and the length of a fall of rope below them, as shares of the height.
_LEDGES = (0.37, 0.76)
_PERSON = 0.25
# A rope is hidden in about a quarter of the frames, for two frames at a time.
_HIDES, _SHOWS = 0.15, 0.5

_VESTS: list[Colour] = [(40, 130, 250), (60, 230, 235), (200, 120, 50), (70, 190, 90)]
_TROUSERS: list[Colour] = [(95, 60, 45), (70, 75, 80), (120, 90, 60), (60, 80, 110)]
_HELMETS: list[Colour] = [(235, 235, 235), (50, 210, 245), (60, 60, 210), (210, 130, 40)]
_ROPES: list[Colour] = [(60, 235, 250), (40, 120, 250), (240, 240, 240), (90, 250, 140)]
_WALLS: list[Colour] = [(120, 140, 165), (150, 155, 155), (105, 125, 150), (165, 160, 145)]

Point = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """A frame and who is on it.

    Attributes:
        picture: Shape (height, width, 3), BGR.
        bboxes: Shape (N, 4), xyxy, around each person, without the rope.
        labels: Shape (N,), positions in `CLASSES`.
        tracks: Shape (N,), the number of the person in the clip.
    """

    picture: Picture
    bboxes: IntArray
    labels: IntArray
    tracks: IntArray


@dataclass
class _Person:
    """A worker; what changes from frame to frame is in `step`."""

    feet: Point
    speed: float
    height: float
    fastened: bool
    colours: tuple[Colour, Colour, Colour, Colour]  # vest, trousers, helmet, rope
    phase: float
    loose: float  # where a loose rope hangs, in heights beside the person
    carries: bool = False
    outline: list[Point] = field(default_factory=list)

    def step(self, rng: np.random.Generator) -> None:
        """Go on by a frame."""
        self.feet = self.feet + np.array((self.speed, 0.0))
        self.phase += rng.normal(0.55, 0.12)
        self.carries = rng.random() > _SHOWS if self.carries else rng.random() < _HIDES

    @property
    def waist(self) -> Point:
        """Where the harness is."""
        return self.feet - (0.0, 0.47 * self.height)


def draw_clip(
    rng: np.random.Generator, fastened: tuple[bool, ...], size: int, num_frames: int
) -> list[Frame]:
    """Return the frames of a clip from one camera.

    Args:
        rng: The only source of chance.
        fastened: Of each person whether the rope is fastened; at most four.
        size: Width of a frame, in pixels.
        num_frames: How many frames.
    """
    size_wh = size, round(size * ASPECT)
    wall = _draw_wall(rng, scene_size_wh(size_wh))
    people = _place_people(rng, fastened, wall)
    glow = light(rng, size)[: size_wh[1]]
    return [_draw_frame(rng, wall, people, size_wh, glow) for _ in range(num_frames)]


def _draw_frame(
    rng: np.random.Generator, wall: Picture, people: list[_Person],
    size_wh: tuple[int, int], glow: npt.NDArray[np.floating],
) -> Frame:  # fmt: skip
    scene = wall.copy()
    for person in people:
        person.step(rng)
        _draw_person(scene, person)
        _draw_rope(scene, person)
    for person in people:
        if person.carries:
            _draw_board(scene, person)
    picture = photograph(rng, scene, size_wh, STILL, glow)
    return Frame(
        picture,
        np.array([_bbox_of(person, scene, size_wh) for person in people], np.int64),
        np.array([int(not person.fastened) for person in people], np.int64),
        np.arange(len(people)),
    )


def _place_people(
    rng: np.random.Generator, fastened: tuple[bool, ...], wall: Picture
) -> list[_Person]:
    """Put each person on a place of a ledge of their own."""
    height, width = wall.shape[:2]
    places = [(x, y) for y in _LEDGES for x in (0.32, 0.68)]
    chosen = rng.permutation(len(places))[: len(fastened)].tolist()
    people = []
    for place, is_fastened in zip(chosen, fastened, strict=True):
        x, y = places[place]
        tall = height * _PERSON * rng.uniform(0.9, 1.1)
        feet = np.array([width * (x + rng.normal(0, 0.035)), height * y])
        vest, trousers, helmet, rope = (
            pick(rng, kinds) for kinds in (_VESTS, _TROUSERS, _HELMETS, _ROPES)
        )
        colours = vest, trousers, helmet, rope
        loose = (1 if rng.random() < 0.5 else -1) * rng.uniform(0.2, 0.42)
        speed = rng.normal(0, 0.55)
        people.append(_Person(feet, speed, tall, is_fastened, colours, rng.uniform(0, 6), loose))
    return people


def _draw_wall(rng: np.random.Generator, size_wh: tuple[int, int]) -> Picture:
    """Return a facade: bricks or slabs, windows, ledges with eye bolts, pipes."""
    width, height = size_wh
    base = pick(rng, _WALLS)
    tone = 6 * noise(rng, (height, width), 6) + 6 * noise(rng, (height, width), width / 5)
    wall = np.clip(np.array(base) + tone[:, :, None], 0, 255).astype(np.uint8)
    joint = lighter(base, 0.84)
    course = max(6, int(height * rng.uniform(0.03, 0.07)))
    for row, y in enumerate(range(0, height, course)):
        stroke(wall, [(0, y), (width, y)], joint, 1)
        for x in range((row % 2) * course, width, 2 * course):
            stroke(wall, [(x, y), (x, y + course)], joint, 1)
    for left in np.arange(rng.uniform(0.02, 0.1), 1, rng.uniform(0.17, 0.24)).tolist():
        for down in (0.1, 0.5):
            right, bottom = width * (left + 0.09), height * (down + 0.17)
            pane = box_outline(width * left, height * down, right, bottom)
            fill(wall, pane, (95, 80, 65))
            stroke(wall, pane, (205, 205, 205), width / 220, closed=True)
    for _ in range(int(rng.integers(1, 4))):
        at = width * rng.uniform(0.02, 0.98)
        stroke(wall, [(at, 0), (at, height)], pick(rng, [(90, 90, 90), (70, 90, 120)]), width / 90)
    for top in height * np.array([*_LEDGES, _LEDGES[-1] + 0.38]):
        fill(wall, box_outline(0, top, width, top + height * 0.035), lighter(base, 0.6))
        stroke(wall, [(0, top), (width, top)], lighter(base, 1.25), 2)
    return wall


def _draw_rope(scene: Picture, person: _Person) -> None:
    """Draw the rope from the harness down to a bolt, or one that only hangs there."""
    height, rope = person.height, person.colours[3]
    width = max(2, height / 22)
    swing = np.sin(person.phase)
    bolt = person.feet + height * np.array((person.loose, 0.62))
    disc(scene, bolt, height * 0.05, (40, 40, 42))
    if person.fastened:
        middle = (person.waist + bolt) / 2 + (
            height * (0.1 * swing + 0.3 * person.loose),
            0.1 * height,
        )
        stroke(scene, _curve(person.waist, middle, bolt), rope, width)
        return
    # A loose end blows up from the bolt, and now and then reaches the harness.
    reach = 0.5 + 0.5 * swing
    beside = person.waist + height * np.array((1.25 * person.loose, 0.75))
    end = beside + reach * (person.waist - beside)
    middle = (end + bolt) / 2 + (height * 0.3 * person.loose, 0.1 * height)
    stroke(scene, _curve(end, middle, bolt), rope, width)


def _draw_person(scene: Picture, person: _Person) -> None:
    vest, trousers, helmet, _ = person.colours
    height, (x, y) = person.height, person.feet
    sway, person.outline = 0.05 * np.sin(person.phase / 2) * height, []

    def limb(points: list[tuple[float, float]], colour: Colour, width: float) -> None:
        placed = [np.array([x + a * height + sway * -b, y + b * height]) for a, b in points]
        stroke(scene, placed, colour, width * height)
        person.outline += [
            p + np.array((s * width * height / 2, 0.0)) for p in placed for s in (-1, 1)
        ]

    stride = 0.07 + 0.05 * np.sin(person.phase)
    for sign in (-1, 1):
        limb(
            [(0.0, -0.46), (sign * stride, -0.22), (sign * (stride + 0.02), -0.03)], trousers, 0.12
        )
    limb([(-stride - 0.02, -0.02), (-stride + 0.05, -0.02)], (30, 32, 35), 0.05)
    limb([(stride + 0.02, -0.02), (stride + 0.09, -0.02)], (30, 32, 35), 0.05)
    limb([(0.0, -0.72), (0.0, -0.5)], vest, 0.24)
    lift = 0.1 * np.sin(person.phase / 3)
    for sign in (-1, 1):
        limb([(sign * 0.12, -0.76), (sign * 0.19, -0.6 - lift), (sign * 0.14, -0.45)], vest, 0.075)
    limb([(-0.13, -0.48), (0.13, -0.48)], (35, 35, 110), 0.05)  # the harness
    head = np.array([x + sway * 0.9, y - 0.9 * height])
    disc(scene, head, 0.085 * height, (140, 170, 215))
    cap = ring(head - (0, 0.02 * height), 0.1 * height, 0.09 * height)
    fill(scene, cap[cap[:, 1] < head[1] - 0.01 * height], helmet)
    person.outline += [head - height * np.array((0.1, 0.11)), head + height * np.array((0.1, 0))]


def _draw_board(scene: Picture, person: _Person) -> None:
    """Draw a sheet of plywood, carried before legs and waist: whatever hangs there is hidden."""
    height, (x, y) = person.height, person.feet
    left, right = sorted(
        (x - np.sign(person.loose) * 0.16 * height, x + person.loose * 1.9 * height)
    )
    sheet = box_outline(left, y - 0.6 * height, right, y + 0.55 * height)
    fill(scene, sheet, (110, 165, 205))
    stroke(scene, sheet, (70, 115, 150), max(2, height / 30), closed=True)


def _curve(start: Point, middle: Point, end: Point) -> Point:
    """Return points of the parabola from start to end that is drawn towards the middle."""
    t = np.linspace(0, 1, 14)[:, None]
    return (1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end


def _bbox_of(person: _Person, scene: Picture, size_wh: tuple[int, int]) -> list[int]:
    """Return the person's box in pixels of the frame, limited to it."""
    shape_wh = np.array(scene.shape[1::-1])
    margin = (shape_wh - 2 * np.array(size_wh)) / 2
    points = (np.stack(person.outline) - margin) / 2
    low = np.clip(np.floor(points.min(axis=0)), 0, size_wh)
    high = np.clip(np.ceil(points.max(axis=0)), 0, size_wh)
    return [*low.astype(int).tolist(), *high.astype(int).tolist()]
