"""Near-duplicate images: candidates by perceptual hash, decided by comparing the pictures.

The hash finds pairs among millions cheaply but mistakes some; the correlation of small
pictures, over flips, quarter turns and crops, decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
# Of two pictures without what their large group has in common. Measured on 201 photographs in
# one vignette, a third of them copied: at 0.8 half of the pairs are wrong, at 0.88 3%.
MIN_DIFFERENCE_CORRELATION = 0.88
# Two pictures that differ by less than what another JPEG quality changes.
SURE_CORRELATION = 0.995
# More images than this, and than this share of all, are hardly copies of one photograph.
LARGE_GROUP = 10
LARGE_SHARE = 0.02
# Uncropped copies correlate above 0.88, crops to 95% above 0.77 and to 90% above 0.5; nine in ten
# of the hash's mistakes correlate less than this, and are not looked at crop by crop.
MIN_WHOLE_CORRELATION = 0.4
# Crops are looked for at these sides, relative to the whole, each on a grid of positions.
CROP_GRID = ((1.0, 1), (0.95, 3), (0.9, 3), (0.85, 4), (0.8, 5))
SIDE = 16
BLOCK = 64
CHUNK = 1 << 14


@dataclass(frozen=True, eq=False)
class Duplicates:
    """Near-duplicates of a data set.

    Attributes:
        groups: Images that are copies of one photograph, each as positions, at least two.
        chained: How many images look alike in chains too long to be copies; they are not joined.
    """

    groups: tuple[IntArray, ...]
    chained: int = 0


def find_duplicates(
    fingerprints: Fingerprints, num_folds: int = 5, join_chains: bool = False
) -> Duplicates:
    """Return groups of near-duplicate images.

    Found are copies that were resized, re-encoded, flipped, turned by quarters, cropped by up to
    about a tenth, or changed in brightness, contrast or colour.

    In a large group a common frame or scene may look alike. There the pairs are compared again
    without what the group has in common, and where even that leaves more than a fold holds, they
    are not joined.

    Args:
        fingerprints: Of all images.
        num_folds: No fold holds a group of more than this part of the images.
        join_chains: Whether chains are joined all the same.
    """
    num_images = len(fingerprints.thumbs)
    candidates = pairs_within(fingerprints.hashes, HASH_RADIUS)
    correlations = correlate_pairs(fingerprints.thumbs, candidates)
    pairs, same = candidates[:, :2], equal_files(fingerprints.contents)

    def joined(kept: BoolArray) -> IntArray:
        return join_groups(num_images, [*same, *pairs[kept].tolist()])

    kept = correlations >= MIN_CORRELATION
    groups, chained = joined(kept), 0
    if join_chains:
        return Duplicates(sets_of(groups))
    for group in np.flatnonzero(np.bincount(groups) > max(LARGE_GROUP, LARGE_SHARE * num_images)):
        within = groups[pairs[:, 0]] == group
        apart = _without_common(fingerprints.thumbs, np.flatnonzero(groups == group))
        differ = correlate_pairs(apart, candidates[within]) < MIN_DIFFERENCE_CORRELATION
        kept[within] &= ~differ | (correlations[within] >= SURE_CORRELATION)
    groups = joined(kept)
    for group in np.flatnonzero(np.bincount(groups) > max(LARGE_GROUP, num_images / num_folds)):
        chained += int((groups == group).sum())
        kept &= groups[pairs[:, 0]] != group
    return Duplicates(sets_of(joined(kept)), chained)


def _without_common(thumbs: npt.NDArray[np.uint8], members: IntArray) -> Floats:
    """Return the thumbnails with what these members have in common taken away: their mean."""
    apart = thumbs.astype(np.float32)
    apart[members] -= apart[members].mean(axis=0)
    return apart


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


def correlate_pairs(thumbs: npt.NDArray[Any], candidates: IntArray) -> Floats:
    """Return how well the pictures of candidates (Q, 3) correlate, shape (Q,), at the best crop.

    Args:
        thumbs: Shape (I, 64, 64), grey.
        candidates: i, j and the orientation of j in which it resembles i.
    """
    small = _describe(thumbs)[:, 0].reshape(-1, SIDE, SIDE)
    wholes = np.stack(
        [orient(small, turn).reshape(-1, SIDE * SIDE) for turn in range(ORIENTATIONS)], axis=1
    )
    correlations = np.zeros(len(candidates), np.float32)
    likely = _are_likely(wholes, candidates)
    first, second, turn = candidates[likely].T
    inverse = np.where(turn < ORIENTATIONS // 2, -turn % 4, turn)  # mirrored ones are their own
    best = _correlate(
        thumbs,
        wholes,
        owner=np.concatenate([first, second]),
        other=np.concatenate([second, first]),
        turn=np.concatenate([turn, inverse]),
    )
    correlations[likely] = best.reshape(2, -1).max(axis=0)
    return correlations


def _are_likely(wholes: Floats, candidates: IntArray) -> BoolArray:
    """Return which candidates correlate enough without any crop to be looked at further."""
    likely = np.zeros(len(candidates), bool)
    for begin in range(0, len(candidates), CHUNK):
        first, second, turn = candidates[begin : begin + CHUNK].T
        correlation = np.einsum("pk,pk->p", wholes[first, 0], wholes[second, turn])
        likely[begin : begin + CHUNK] = correlation >= MIN_WHOLE_CORRELATION
    return likely


def _correlate(
    thumbs: npt.NDArray[Any], wholes: Floats, owner: IntArray, other: IntArray, turn: IntArray
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
    thumbs: npt.NDArray[Any], grid: Sequence[tuple[float, int]] = CROP_GRID[:1]
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
