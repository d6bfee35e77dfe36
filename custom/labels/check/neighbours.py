"""Frames of a video that look unlike their neighbours, and like the frames of another video."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from custom.boxes import FloatArray, IntArray
from custom.labels.check.mismatch import NEIGHBOURS, Mismatch
from custom.labels.check.small import SIDE, Small
from custom.tables import Images
from custom.tables.images import UNKNOWN

# A frame is compared with this many of those before it, and behind it.
REACH = 5
# Several frames must speak for a video: a single one may itself be in the wrong place.
VOTES = 3
# Of what is nearest elsewhere so many are looked at for a video with enough votes.
NEAREST = 16
# The other video must be clearly nearer: fixed cameras of one site look alike.
NEARER = 0.7
_CELL = 3
_BLOCK = 512


def unlike_neighbours(images: Images, small: Small) -> list[Mismatch]:
    """Return the frames that are nearer to another video's frames than to their neighbours.

    Near is the mean distance of the `VOTES` nearest pictures; only images of videos are looked at.

    Args:
        images: With their videos; frames are ordered by `frame_id`, or time, or as they stand.
        small: Shape (I, 48, 48, 3), from `read_small`.
    """
    frames = np.flatnonzero(images.video_ids != UNKNOWN)
    if len(np.unique(images.video_ids[frames])) < 2:
        return []
    vectors = _vectors(small[frames])
    videos = images.video_ids[frames]
    own = _distance_to_neighbours(images, frames, vectors)
    found = []
    for begin in range(0, len(frames), _BLOCK):
        block = slice(begin, min(begin + _BLOCK, len(frames)))
        distances = _distances(vectors[block], vectors)
        distances[videos[block, None] == videos[None]] = np.inf
        nearest = np.argsort(distances, axis=1)[:, :NEAREST]
        for row, candidates in enumerate(nearest, begin):
            other, distance = _best_video(distances[row - begin], candidates, videos)
            if other >= 0 and distance < NEARER * own[row]:
                name = images.file_names[frames[other]]
                detail = (
                    f"differs from its neighbours by {own[row]:.3f}, from frames like {name} by "
                    f"{distance:.3f}"
                )
                found.append(Mismatch(NEIGHBOURS, int(frames[row]), detail, int(frames[other])))
    return found


def frames_in_order(images: Images, video: int) -> IntArray:
    """Return the positions of a video's frames in their order."""
    frames = np.flatnonzero(images.video_ids == video)
    keys = images.frame_ids[frames].astype(np.float64)
    if (images.frame_ids[frames] == UNKNOWN).any():
        keys = images.timestamps[frames]
    return frames[np.argsort(keys, kind="stable")] if np.isfinite(keys).all() else frames


def _distance_to_neighbours(
    images: Images, frames: IntArray, vectors: npt.NDArray[np.float32]
) -> FloatArray:
    """Return how far each frame is from the nearest of its neighbours; NaN where it has too few."""
    row_of = {int(frame): row for row, frame in enumerate(frames)}
    own = np.full(len(frames), np.nan)
    for video in np.unique(images.video_ids[frames]).tolist():
        rows = np.array([row_of[int(frame)] for frame in frames_in_order(images, video)])
        apart = np.abs(np.arange(len(rows))[:, None] - np.arange(len(rows))[None])
        distances = _distances(vectors[rows], vectors[rows])
        distances[(apart == 0) | (apart > REACH)] = np.inf
        if len(rows) > VOTES:
            own[rows] = np.sort(distances, axis=1)[:, :VOTES].mean(axis=1)
    return own


def _best_video(distances: FloatArray, candidates: IntArray, videos: IntArray) -> tuple[int, float]:
    """Return the nearest frame of the video with the nearest `VOTES` frames, and their distance."""
    best, best_distance = -1, np.inf
    for video in np.unique(videos[candidates]).tolist():
        of_video = candidates[videos[candidates] == video]  # from near to far
        if len(of_video) >= VOTES:
            distance = float(distances[of_video[:VOTES]].mean())
            if distance < best_distance:
                best, best_distance = int(of_video[0]), distance
    return best, best_distance


def _vectors(small: Small) -> npt.NDArray[np.float32]:
    """Return the mean of each cell of pictures, shape (I, 768): small movements stay in a cell."""
    cells = SIDE // _CELL
    means = small.reshape(len(small), cells, _CELL, cells, _CELL, 3).mean(axis=(2, 4))
    return means.reshape(len(small), -1).astype(np.float32)


def _distances(first: npt.NDArray[np.float32], second: npt.NDArray[np.float32]) -> FloatArray:
    """Return the root of the mean squared difference, shape (A, B)."""
    squares = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)[None]
    return np.sqrt(np.maximum(squares - 2 * first @ second.T, 0) / first.shape[1]).astype(float)
