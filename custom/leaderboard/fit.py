"""How the board follows validation: rank correlation, gap, and what is expected of private."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray
from custom.leaderboard.ledger import Entry

# Scores are shown with three or four digits: two that agree better than that are the same.
RESOLUTION = 5e-4

_NORMAL_95 = 1.96
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

    @property
    def error(self) -> float:
        """The standard error of the gap; NaN with less than two submissions."""
        return self.spread / math.sqrt(self.count) if self.count else math.nan


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


def expected_private(
    entry: Entry, fit: GapFit, drop: GapFit, split_hash: str | None, surprise: float = math.nan
) -> Expectation | None:
    """Return what the private board is expected to say of a submission.

    Val minus the gap and the public score are two noisy estimates of the same score, averaged by
    their precision. A board is taken to be as noisy as the validation images, whose interval
    tells how noisy that is. The private board's own noise is in the interval.

    Args:
        entry: The submission.
        fit: The gap from val to public.
        drop: The gap from this expectation to private, over submissions whose private score is
            known; where none is, nothing is taken off.
        split_hash: The split that the gap was fitted on; val on another is not used.
        surprise: How unexpected the submission's gap is; beyond the limit, val does not tell of
            the file that the board has seen, and is not used.

    Returns:
        The expectation; None where neither val nor public is known, or nothing tells the noise.
    """
    noise = _noise(entry, fit)
    estimates = []
    comparable = entry.split_hash == split_hash and not is_unexpected(surprise)
    if entry.val is not None and fit.count and comparable:
        estimates.append((entry.val - fit.gap, noise**2 + _squared(fit.error)))
    if entry.public is not None:
        estimates.append((entry.public, noise**2))
    if not estimates or not noise > 0:
        return None
    precision = sum(1 / variance for _, variance in estimates)
    value = sum(estimate / variance for estimate, variance in estimates) / precision
    value -= drop.gap if drop.count else 0.0
    half = _NORMAL_95 * math.sqrt(1 / precision + noise**2 + _squared(drop.error))
    return Expectation(value, value - half, value + half)


def drop_to_private(
    entries: Sequence[Entry], fit: GapFit, split_hash: str | None, strange: Mapping[str, float]
) -> GapFit:
    """Return how far private fell below what was expected, where it is known.

    Args:
        entries: The submissions.
        fit: The gap from val to public.
        split_hash: The split that it was fitted on.
        strange: How unexpected the gap of a submission is, by its hash.
    """
    none = fit_gap(np.zeros(0))
    drops = []
    for entry in entries:
        surprise = strange.get(entry.hash, math.nan)
        expected = expected_private(entry, fit, none, split_hash, surprise)
        if entry.private is not None and expected is not None:
            drops.append(expected.value - entry.private)
    return fit_gap(np.array(drops))


def _noise(entry: Entry, fit: GapFit) -> float:
    """Return the standard error of one score of a submission."""
    if entry.val_interval is not None:
        return (entry.val_interval[1] - entry.val_interval[0]) / (2 * _NORMAL_95)
    # A gap is the difference of two scores.
    return fit.spread / math.sqrt(2) if fit.count > 1 else math.nan


def _squared(error: float) -> float:
    return 0.0 if math.isnan(error) else error**2
