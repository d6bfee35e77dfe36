"""Samples of trash: scenes with boxes (detection), and tiny pictures of one object each."""

from __future__ import annotations

import numpy as np

from custom.sample.drawn import Drawn, encode, whole_image
from custom.sample.objects import CLASSES as OBJECTS
from custom.sample.recipe import Recipe
from custom.sample.scenes import draw_scene

CLASSES = tuple(kind.name for kind in OBJECTS)
# How many objects lie on an image, and how often.
_COUNTS = (2, 3, 4, 5, 6, 7)
_COUNT_WEIGHTS = (0.2, 0.22, 0.2, 0.16, 0.12, 0.1)
_MIN_OF_A_CLASS = 2
# The one object of a tiny picture fills about two thirds of it.
_ZOOM = 2.2


def plan_scenes(part: str, recipe: Recipe) -> list[list[int]]:
    """Return the classes to draw on each image: the competition's frequencies, no class missing."""
    rng = recipe.generator(part, 0)
    counts = rng.choice(_COUNTS, size=recipe.number_of_images(part), p=_COUNT_WEIGHTS)
    total = int(counts.sum())
    frequencies = np.array([kind.boxes for kind in OBJECTS]) / sum(kind.boxes for kind in OBJECTS)
    quotas = np.maximum(np.floor(frequencies * total).astype(int), _MIN_OF_A_CLASS)
    rest = rng.choice(len(OBJECTS), size=max(0, total - int(quotas.sum())), p=frequencies)
    labels = np.concatenate([np.repeat(np.arange(len(OBJECTS)), quotas), rest])
    shuffled = rng.permutation(labels)[:total]
    return [chunk.tolist() for chunk in np.split(shuffled, np.cumsum(counts)[:-1])]


def draw_scenes(part: str, recipe: Recipe, index: int, labels: list[int]) -> list[Drawn]:
    """Return one scene, a function of the arguments alone."""
    scene = draw_scene(recipe.generator(part, 1 + index), labels, recipe.size)
    size_wh = recipe.size, recipe.size
    return [Drawn(f"{index:04d}", encode(scene.image), size_wh, scene.bboxes, scene.labels)]


def plan_tiny(part: str, recipe: Recipe) -> list[int]:
    """Return the class of each picture: all equally often."""
    labels = np.arange(recipe.number_of_images(part)) % len(OBJECTS)
    return recipe.generator(part, 0).permutation(labels).tolist()


def draw_tiny(part: str, recipe: Recipe, index: int, label: int) -> list[Drawn]:
    """Return one picture of one object."""
    rng = recipe.generator(part, 1 + index)
    scene = draw_scene(rng, [label], recipe.size, _ZOOM)
    while not len(scene.labels):  # no place was found for the object
        scene = draw_scene(rng, [label], recipe.size, _ZOOM)
    size_wh = recipe.size, recipe.size
    bboxes = whole_image(scene.labels, size_wh)
    return [Drawn(f"{index:04d}", encode(scene.image), size_wh, bboxes, scene.labels)]
