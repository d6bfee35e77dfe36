"""Which images a resample has: functions of (seed, number of the resample) alone."""

from __future__ import annotations

import numpy as np

from custom.boxes import IntArray
from custom.compiled.jit import jit
from custom.evaluation.matches import Integers


@jit
def draw_images(seed: int, resample: int, weights: Integers) -> None:  # pragma: no cover
    """Draw I images of I with replacement; write to `weights` (I,) how often each was drawn.

    The generator is SplitMix64 (Steele et al. 2014), started anew for each resample.
    """
    weights[:] = 0
    golden = np.uint64(0x9E3779B97F4A7C15)
    state = _mix(_mix(np.uint64(seed) + golden) + np.uint64(resample) * golden)
    num_images = np.uint64(len(weights))
    for _ in range(len(weights)):
        state += golden
        # The upper 32 bits times I, shifted back: uniform within I / 2**32.
        drawn = ((_mix(state) >> np.uint64(32)) * num_images) >> np.uint64(32)
        weights[np.int64(drawn)] += 1


@jit
def draw_groups(
    seed: int, resample: int, group_index: IntArray, times: Integers, weights: Integers
) -> None:  # pragma: no cover
    """Draw G groups of G with replacement; write to `weights` (I,) how often each image stands.

    Args:
        seed: Of the draws.
        resample: Which of them.
        group_index: Shape (I,), 0..G-1.
        times: Scratch, shape (G,): how often each group was drawn.
        weights: Shape (I,).
    """
    draw_images(seed, resample, times)
    for i in range(len(weights)):
        weights[i] = times[group_index[i]]


@jit
def _mix(z: np.uint64) -> np.uint64:  # pragma: no cover
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@jit
def draw_part(
    seed: int, resample: int, share: float, group_index: IntArray, kept: Integers, weights: Integers
) -> None:  # pragma: no cover
    """Keep each group with a probability; write to `weights` (I,) which images are kept, 0 or 1.

    Args:
        seed: Of the draws.
        resample: Which of them.
        share: The probability.
        group_index: Shape (I,), 0..G-1.
        kept: Scratch, shape (G,).
        weights: Shape (I,).
    """
    golden = np.uint64(0x9E3779B97F4A7C15)
    state = _mix(_mix(np.uint64(seed) + golden) + np.uint64(resample) * golden)
    limit = np.uint64(share * 2.0**32)
    for group in range(len(kept)):
        state += golden
        kept[group] = (_mix(state) >> np.uint64(32)) < limit
    for i in range(len(weights)):
        weights[i] = kept[group_index[i]]
