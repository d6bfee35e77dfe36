"""Near-duplicate images: candidates by perceptual hash, decided by comparing the pictures.

The hash finds pairs among millions cheaply but mistakes some; the correlation of small
pictures, over flips, quarter turns and crops, decides.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from custom.boxes import BoolArray, IntArray
from custom.splits.fingerprints import ORIENTATIONS, THUMB_SIDE, Fingerprints, orient, pairs_within
from custom.splits.groups import join_groups

Floats = npt.NDArray[np.float32]

# Measured on planted copies of 51 trash and 100 blood-cell photographs: 22 of 64 bits keep 95%
# of crops to 90% and all milder changes; different photographs correlate below 0.77, copies with
# a crop to 90% or changed brightness above 0.9.
HASH_RADIUS = 22
MIN_CORRELATION = 0.8
# Uncropped copies correlate above 0.88, crops to 95% above 0.77 and to 90% above 0.5; nine in ten
# of the hash's mistakes correlate less than this, and are not looked at crop by crop.
MIN_WHOLE_CORRELATION = 0.4
# Crops are looked for at these sides, relative to the whole, each on a grid of positions.
CROP_GRID = ((1.0, 1), (0.95, 3), (0.9, 3), (0.85, 4), (0.8, 5))
SIDE = 16
BLOCK = 64
CHUNK = 1 << 14


def find_duplicates(fingerprints: Fingerprints) -> tuple[IntArray, ...]:
    """Return groups of near-duplicate images, each as positions, at least two.

    Found are copies that were resized, re-encoded, flipped, turned by quarters, cropped by up to
    about a tenth, or changed in brightness, contrast or colour.
    """
    pairs = confirm_pairs(fingerprints.thumbs, pairs_within(fingerprints.hashes, HASH_RADIUS))
    same = equal_files(fingerprints.contents)
    return sets_of(join_groups(len(fingerprints.thumbs), [*same, *pairs.tolist()]))


def equal_files(contents: Sequence[str]) -> list[list[int]]:
    """Return the positions of images whose files have the same digest."""
    holders: dict[str, list[int]] = {}
    for index, digest in enumerate(contents):
        holders.setdefault(digest, []).append(index)
    return [indices for indices in holders.values() if len(indices) > 1]


def sets_of(groups: IntArray) -> tuple[IntArray, ...]:
    """Return the positions of the images of each group that has more than one."""
    large = np.flatnonzero(np.bincount(groups) > 1)
    return tuple(np.flatnonzero(groups == group) for group in large)


def confirm_pairs(thumbs: npt.NDArray[np.uint8], candidates: IntArray) -> IntArray:
    """Return the pairs (P, 2) of candidates (Q, 3) whose pictures correlate.

    Args:
        thumbs: Shape (I, 64, 64), grey.
        candidates: i, j and the orientation of j in which it resembles i.
    """
    small = _describe(thumbs)[:, 0].reshape(-1, SIDE, SIDE)
    wholes = np.stack(
        [orient(small, turn).reshape(-1, SIDE * SIDE) for turn in range(ORIENTATIONS)], axis=1
    )
    candidates = candidates[_are_likely(wholes, candidates)]
    first, second, turn = candidates.T
    inverse = np.where(turn < ORIENTATIONS // 2, -turn % 4, turn)  # mirrored ones are their own
    best = _correlate(
        thumbs,
        wholes,
        owner=np.concatenate([first, second]),
        other=np.concatenate([second, first]),
        turn=np.concatenate([turn, inverse]),
    )
    return candidates[best.reshape(2, -1).max(axis=0) >= MIN_CORRELATION, :2]


def _are_likely(wholes: Floats, candidates: IntArray) -> BoolArray:
    """Return which candidates correlate enough without any crop to be looked at further."""
    likely = np.zeros(len(candidates), bool)
    for begin in range(0, len(candidates), CHUNK):
        first, second, turn = candidates[begin : begin + CHUNK].T
        correlation = np.einsum("pk,pk->p", wholes[first, 0], wholes[second, turn])
        likely[begin : begin + CHUNK] = correlation >= MIN_WHOLE_CORRELATION
    return likely


def _correlate(
    thumbs: npt.NDArray[np.uint8], wholes: Floats, owner: IntArray, other: IntArray, turn: IntArray
) -> Floats:
    """Return for each pair the best correlation of a crop of `owner` with the whole of `other`."""
    best = np.zeros(len(owner), np.float32)
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(len(thumbs) + 1))
    for begin in range(0, len(thumbs), BLOCK):
        if starts[begin] == starts[min(begin + BLOCK, len(thumbs))]:
            continue
        crops = _describe(thumbs[begin : begin + BLOCK], CROP_GRID)
        for index, own in enumerate(crops, start=begin):
            rows = order[starts[index] : starts[index + 1]]
            if len(rows):
                best[rows] = (wholes[other[rows], turn[rows]] @ own.T).max(axis=1)
    return best


def _describe(
    thumbs: npt.NDArray[np.uint8], grid: Sequence[tuple[float, int]] = CROP_GRID[:1]
) -> Floats:
    """Return unit vectors without mean, shape (B, W, 256), of W crops of each thumbnail."""
    pixels = thumbs.astype(np.float32)
    parts = []
    for side, steps in grid:
        lines = [_resampler(side, start) for start in np.linspace(0, 1 - side, steps)]
        rows = np.stack([line @ pixels for line in lines], axis=1)  # (B, steps, 16, 64)
        both = np.stack([rows @ line.T for line in lines], axis=2)  # (B, steps, steps, 16, 16)
        parts.append(both.reshape(len(thumbs), steps * steps, SIDE * SIDE))
    vectors = np.concatenate(parts, axis=1)
    vectors -= vectors.mean(axis=2, keepdims=True)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=2, keepdims=True), 1e-3)


def _resampler(side: float, start: float) -> Floats:
    """Return the matrix (16, 64) that averages a part of a line of pixels to 16 values."""
    edges = (start + side * np.arange(SIDE + 1) / SIDE) * THUMB_SIDE
    low, high = edges[:-1, None], edges[1:, None]
    pixel = np.arange(THUMB_SIDE)
    overlap = np.minimum(high, pixel + 1) - np.maximum(low, pixel)
    return (np.clip(overlap, 0, None) / (high - low)).astype(np.float32)
