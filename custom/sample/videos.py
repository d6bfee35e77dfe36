"""Samples that are frames of videos: hatches (labels of images) and ropes (labels of regions)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from custom.sample import hatch, rope
from custom.sample.drawn import Drawn, encode, whole_image
from custom.sample.recipe import Recipe

# Videos of the test set are other videos.
FIRST_VIDEO = {"train": 1, "test": 1001}
# How many people a clip shows, and how often.
_PEOPLE, _PEOPLE_WEIGHTS = (2, 3, 4), (0.45, 0.4, 0.15)
T = TypeVar("T")


def plan_hatches(part: str, recipe: Recipe) -> list[tuple[bool, ...]]:
    """Return for each video which hatches it shows, open or not, in the shares of `hatch.VIEWS`."""
    number = -(-recipe.number_of_images(part) // hatch.FRAMES)
    views, weights = zip(*hatch.VIEWS, strict=True)
    return _dealt(recipe.generator(part, 0), views, weights, number)


def draw_hatches(part: str, recipe: Recipe, video: int, view: tuple[bool, ...]) -> list[Drawn]:
    """Return the frames of one video; `video` counts from 0."""
    pictures = hatch.draw_video(
        recipe.generator(part, 1 + video),
        view,
        recipe.size,
        _length(part, recipe, video, hatch.FRAMES),
    )
    labels = np.array(sorted({int(not is_open) for is_open in view}), np.int64)
    size_wh = recipe.size, recipe.size
    bboxes = whole_image(labels, size_wh)
    return [
        Drawn(
            _name(video, frame),
            encode(picture),
            size_wh,
            bboxes,
            labels,
            _time(part, video, frame, hatch.FRAMES_PER_SECOND),
        )
        for frame, picture in enumerate(pictures)
    ]


def plan_ropes(part: str, recipe: Recipe) -> list[tuple[bool, ...]]:
    """Return for each clip of each person whether the rope is fastened."""
    number = -(-recipe.number_of_images(part) // rope.FRAMES)
    rng = recipe.generator(part, 0)
    counts = _dealt(rng, _PEOPLE, _PEOPLE_WEIGHTS, number)
    kinds = _dealt(rng, (True, False), (rope.FASTENED, 100 - rope.FASTENED), sum(counts))
    ends = np.cumsum(counts).tolist()
    return [tuple(kinds[end - count : end]) for end, count in zip(ends, counts, strict=True)]


def draw_ropes(part: str, recipe: Recipe, video: int, fastened: tuple[bool, ...]) -> list[Drawn]:
    """Return the frames of one clip; `video` counts from 0."""
    frames = rope.draw_clip(
        recipe.generator(part, 1 + video),
        fastened,
        recipe.size,
        _length(part, recipe, video, rope.FRAMES),
    )
    size_wh = recipe.size, round(recipe.size * rope.ASPECT)
    return [
        Drawn(
            _name(video, index),
            encode(frame.picture),
            size_wh,
            frame.bboxes,
            frame.labels,
            _time(part, video, index, rope.FRAMES_PER_SECOND),
            frame.tracks,
        )
        for index, frame in enumerate(frames)
    ]


def _dealt(
    rng: np.random.Generator, kinds: Sequence[T], weights: Sequence[float], number: int
) -> list[T]:
    """Return `number` kinds in random order, each as often as its weight says, rounded."""
    share = np.cumsum(weights) / np.sum(weights)
    middles = (np.arange(number) + 0.5) / number
    return [kinds[index] for index in rng.permutation(np.searchsorted(share, middles)).tolist()]


def _length(part: str, recipe: Recipe, video: int, frames: int) -> int:
    """Return how many frames a video has: the last one may be shorter."""
    return min(frames, recipe.number_of_images(part) - video * frames)


def _name(video: int, frame: int) -> str:
    return f"{video:03d}_{frame:02d}"


def _time(part: str, video: int, frame: int, frames_per_second: float) -> dict[str, Any]:
    return {
        "video_id": FIRST_VIDEO[part] + video,
        "frame_id": frame,
        "timestamp": round(frame / frames_per_second, 3),
    }
