"""How the board follows validation: rank correlation, gap, and what is expected of private."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray
from custom.leaderboard.ledger import Entry
from custom.leaderboard.policy import Policy

# Scores are shown with three or four digits: two that agree better than that are the same.
RESOLUTION = 5e-4

_NORMAL_95 = 1.96
# What is assumed of the noise counts as much as so many gaps more than one.
_PRIOR_DEGREES = 12
# Two-sided 95% quantile of Student's t for 1, 2, 3, ... degrees of freedom.
_STUDENT_95 = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14)


@dataclass(frozen=True)
class GapFit:
    """The gap from val to public: public = val - gap, give or take.

    Attributes:
        gap: The mean of val - public.
        spread: The standard deviation of single gaps around it; NaN with less than two.
        count: How many submissions it was fitted to.
    """

    gap: float
    spread: float
    count: int


@dataclass(frozen=True)
class Noise:
    """How much a submission's scores scatter beside what all submissions' have in common.

    Attributes:
        val: Standard deviation on val.
        board: The same on a board.
        degrees: Degrees of freedom that they are known with, those of the prior included.
    """

    val: float
    board: float
    degrees: int


@dataclass(frozen=True)
class Drop:
    """How far private falls below what val and public say.

    Attributes:
        value: Of the prior and of the private scores that are known, by their precision.
        error: Its standard error.
        count: How many private scores are known.
    """

    value: float
    error: float
    count: int


@dataclass(frozen=True)
class Expectation:
    """The private score that is expected of a submission, with its 95% interval."""

    value: float
    low: float
    high: float


def student_95(degrees: int) -> float:
    """Return the two-sided 95% quantile of Student's t; infinite for no degree of freedom.

    Beyond 14 degrees it is expanded around the normal one, exact to 0.001.

    Source: Abramowitz and Stegun 1964, 26.7.5.
    """
    if degrees < 1:
        return math.inf
    if degrees <= len(_STUDENT_95):
        return _STUDENT_95[degrees - 1]
    z = _NORMAL_95
    first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / degrees + second / degrees**2


def ranks(values: FloatArray) -> FloatArray:
    """Return the ranks of values from 1, ties with their mean rank, shape (N,)."""
    _, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[index]


def rank_correlation(first: FloatArray, second: FloatArray) -> float:
    """Return Spearman's rank correlation; NaN for less than three or where all are tied."""
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return math.nan
    return float(np.corrcoef(ranks(first), ranks(second))[0, 1])


def fit_gap(gaps: FloatArray) -> GapFit:
    """Return the mean and spread of gaps val - public, shape (N,)."""
    if not len(gaps):
        return GapFit(math.nan, math.nan, 0)
    spread = float(np.std(gaps, ddof=1)) if len(gaps) > 1 else math.nan
    return GapFit(float(gaps.mean()), spread, len(gaps))


def surprises(gaps: FloatArray) -> FloatArray:
    """Return how far each gap lies from what the others say, in units of the 95% limit, (N,).

    Beyond -1 or 1 the submission was not expected; below, the board was kinder than to others.
    The others speak by their median and median deviation, so that two broken submissions do not
    excuse each other. Of gaps that differ by normal noise alone 5% to 9% are beyond, for 20 to
    4 of them. With less than four submissions the others say too little: NaN.
    """
    result = np.full(len(gaps), math.nan)
    if len(gaps) < 4:
        return result
    for index in range(len(gaps)):
        others = np.delete(gaps, index)
        median = float(np.median(others))
        # 1.4826 makes it a standard deviation; of few values it is too small by about 2.5 / N.
        spread = 1.4826 * float(np.median(np.abs(others - median))) * (1 + 2.5 / len(others))
        # A median is as noisy as a mean of pi / 2 times fewer values.
        limit = max(spread, RESOLUTION) * math.sqrt(1 + math.pi / 2 / len(others))
        result[index] = (gaps[index] - median) / (limit * student_95(len(others) - 1))
    return result


def is_unexpected(surprise: float) -> bool:
    """Return whether a gap lies beyond the 95% limit; never where that is not known."""
    return abs(surprise) > 1


def noise_of(fit: GapFit, policy: Policy) -> Noise:
    """Return how noisy single scores are: as the policy assumes, and as the gaps differ.

    A gap is the difference of two scores; where gaps differ more or less than the policy assumes,
    both noises are scaled alike.
    """
    own = max(fit.count - 1, 0)
    assumed = policy.val_noise**2 + policy.board_noise**2
    seen = own * fit.spread**2 / assumed if own else 0.0
    degrees = _PRIOR_DEGREES + own
    scale = math.sqrt((_PRIOR_DEGREES + seen) / degrees)
    return Noise(scale * policy.val_noise, scale * policy.board_noise, degrees)


def expected_private(
    entry: Entry,
    fit: GapFit,
    noise: Noise,
    drop: Drop,
    split_hash: str | None,
    surprise: float = math.nan,
) -> Expectation | None:
    """Return what the private board is expected to say of a submission.

    Val minus the gap and the public score are two estimates of the same score, averaged by their
    precision. What all submissions' scores on val have in common (few or hard images, which is
    most of val's interval) is in the gap, and what those on the private board have in common is in
    the drop. The private board's own noise is in the interval.

    Args:
        entry: The submission.
        fit: The gap from val to public.
        noise: Of single scores.
        drop: From this expectation to private.
        split_hash: The split that the gap was fitted on; val on another is not used.
        surprise: How unexpected the submission's gap is; beyond the limit, val does not tell of
            the file that the board has seen, and is not used.

    Returns:
        The expectation; None where neither val, with a gap to take off, nor public is known.
    """
    level = _public_level(entry, fit, noise, split_hash, surprise)
    if level is None:
        return None
    value, variance = level
    error = math.sqrt(variance + noise.board**2 + drop.error**2)
    half = student_95(noise.degrees) * error
    return Expectation(value - drop.value, value - drop.value - half, value - drop.value + half)


def drop_to_private(
    entries: Sequence[Entry],
    fit: GapFit,
    noise: Noise,
    split_hash: str | None,
    strange: Mapping[str, float],
    policy: Policy,
    sign: int = 1,
) -> Drop:
    """Return how far private falls below what is expected: as assumed, and where it is known.

    Args:
        entries: The submissions.
        fit: The gap from val to public.
        noise: Of single scores.
        split_hash: The split that the gap was fitted on.
        strange: How unexpected the gap of a submission is, by its hash.
        policy: Says what is assumed.
        sign: Of the metric: -1 where less is better, so that a score that gets worse rises.
    """
    precision = policy.drop_spread**-2
    total, count = sign * policy.drop * precision, 0
    for entry in entries:
        surprise = strange.get(entry.hash, math.nan)
        level = _public_level(entry, fit, noise, split_hash, surprise)
        if entry.private is not None and level is not None:
            weight = 1 / (level[1] + noise.board**2)
            total += weight * (level[0] - entry.private)
            precision, count = precision + weight, count + 1
    return Drop(total / precision, precision**-0.5, count)


def _public_level(
    entry: Entry, fit: GapFit, noise: Noise, split_hash: str | None, surprise: float
) -> tuple[float, float] | None:
    """Return the score that val and public are estimates of, and its variance; None if unknown."""
    estimates = []
    comparable = entry.split_hash == split_hash and not is_unexpected(surprise)
    if entry.val is not None and fit.count and comparable:
        of_gap = (noise.val**2 + noise.board**2) / fit.count
        estimates.append((entry.val - fit.gap, noise.val**2 + of_gap))
    if entry.public is not None:
        estimates.append((entry.public, noise.board**2))
    if not estimates:
        return None
    precision = sum(1 / variance for _, variance in estimates)
    return sum(value / variance for value, variance in estimates) / precision, 1 / precision
