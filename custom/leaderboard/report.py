"""The ledger's report: what validation is worth, what is left today, what to select at the end."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import numpy as np

from custom.evaluation.metrics import DEFAULT_METRIC, METRICS
from custom.leaderboard.fit import (
    Drop,
    Expectation,
    GapFit,
    Noise,
    drop_to_private,
    expected_private,
    fit_gap,
    is_unexpected,
    noise_of,
    rank_correlation,
    surprises,
)
from custom.leaderboard.ledger import Entry
from custom.leaderboard.policy import Policy


@dataclass(frozen=True)
class ReportedSubmission:
    """One submission of the report.

    Attributes:
        entry: What the ledger knows.
        gap: val - public; None where one is missing or val is of another split.
        surprise: How far the gap is from the others', in units of the 95% limit; NaN if unknown.
        private: What the private board is expected to say.
    """

    entry: Entry
    gap: float | None
    surprise: float
    private: Expectation | None

    @property
    def is_unexpected(self) -> bool:
        """Whether the gap lies outside of what the other submissions' gaps say, at 95%."""
        return is_unexpected(self.surprise)


@dataclass(frozen=True)
class Choice:
    """A submission to select at the end, and why."""

    row: ReportedSubmission
    reason: str


@dataclass(frozen=True)
class Report:
    """What the ledger says.

    Attributes:
        rows: The submissions in the order of time.
        metric: What most were scored by; val by another is not compared.
        split_hash: The split that most were validated on; val on others is not compared.
        correlation: Spearman's between val and public; NaN with less than three.
        fit: The gap from val to public, of the submissions that were expected.
        noise: Of single scores on val and on the boards.
        drop: How far private falls below what val and public say.
        policy: What was assumed of both.
        left_today: Submissions left today; None where the policy does not say how many there are.
        choices: What to select: the best by val, and a safe one.
    """

    rows: tuple[ReportedSubmission, ...]
    metric: str
    split_hash: str | None
    correlation: float
    fit: GapFit
    noise: Noise
    drop: Drop
    policy: Policy
    left_today: int | None
    choices: tuple[Choice, ...]


def make_report(entries: Sequence[Entry], policy: Policy, moment: datetime) -> Report:
    """Return what the submissions say of validation, of today and of the end."""
    metric, own = _usual_metric(entries), entries
    entries = [entry.scored_by(metric) for entry in own]
    split_hash = _usual_split(entries)
    compared = [e for e in entries if _is_compared(e, split_hash)]
    val = np.array([e.val for e in compared], dtype=np.float64)
    public = np.array([e.public for e in compared], dtype=np.float64)
    found = surprises(val - public)
    fit = fit_gap((val - public)[~np.array(list(map(is_unexpected, found)), dtype=bool)])
    strange = {e.hash: s for e, s in zip(compared, found.tolist(), strict=True)}
    noise = noise_of(fit, policy)
    drop = drop_to_private(entries, fit, noise, split_hash, strange, policy, sign_of(metric))
    gaps = {e.hash: g for e, g in zip(compared, (val - public).tolist(), strict=True)}
    rows = []
    for entry, shown in zip(entries, own, strict=True):
        surprise = strange.get(entry.hash, math.nan)
        private = expected_private(entry, fit, noise, drop, split_hash, surprise)
        rows.append(ReportedSubmission(shown, gaps.get(entry.hash), surprise, private))
    correlation = rank_correlation(val, public)
    left = _left_today(entries, policy, moment)
    choices = choose(rows, split_hash, metric)
    return Report(
        tuple(rows), metric, split_hash, correlation, fit, noise, drop, policy, left, choices
    )


def choose(
    rows: Sequence[ReportedSubmission], split_hash: str | None, metric: str = DEFAULT_METRIC
) -> tuple[Choice, ...]:
    """Return the two submissions to select at the end, with reasons.

    The first is the best by val among those that the board does not contradict. The second is safe:
    the highest lower end of the expected private score among the others.
    """
    sign = sign_of(metric)
    compared = [
        row
        for row in rows
        if row.entry.scored_by(metric).val is not None and row.entry.split_hash == split_hash
    ]
    sound = [r for r in compared if not r.surprise > 1] or compared
    choices = []
    if sound:
        best = max(
            sound, key=lambda row: (sign * (row.entry.val or 0.0), sign * (row.entry.public or 0.0))
        )
        choices.append(Choice(best, _why_best(best, compared, sign)))
    others = [r for r in rows if r.private and r not in [c.row for c in choices]]
    if others:
        safe = max(others, key=lambda row: _worst(row.private, sign))
        choices.append(Choice(safe, _why_safe(safe, choices, sign)))
    return tuple(choices)


def sign_of(metric: str) -> int:
    """Return the direction of a metric; 1 where it is not known here."""
    return METRICS[metric].sign if metric in METRICS else 1


def _worst(private: Expectation | None, sign: int) -> float:
    """Return the worse end of what is expected, more is better."""
    if private is None:
        return -math.inf
    return private.low if sign > 0 else -private.high


def _why_best(best: ReportedSubmission, compared: Sequence[ReportedSubmission], sign: int) -> str:
    reason = f"best by val ({best.entry.val:.4f})"
    passed = [r for r in compared if sign * (r.entry.val or 0.0) > sign * (best.entry.val or 0.0)]
    if passed:
        names = ", ".join(row.entry.name for row in passed)
        reason += f" but for {names}, whose public score is far below what val promised"
    if best.entry.public is None:
        return reason + "; not on the board yet"
    if math.isnan(best.surprise):
        return reason + "; too few submissions to say whether the board agrees"
    return reason + ("; the board agrees" if not best.is_unexpected else "; the board was kinder")


def _why_safe(safe: ReportedSubmission, choices: Sequence[Choice], sign: int) -> str:
    assert safe.private is not None  # only such rows are offered
    bound = "least" if sign > 0 else "most"
    end = safe.private.low if sign > 0 else safe.private.high
    reason = f"safe: private is expected to be at {bound} {end:.4f}"
    estimates = [
        n for n, v in (("val", safe.entry.val), ("public", safe.entry.public)) if v is not None
    ]
    reason += f", by {' and '.join(estimates)}"
    for choice in choices:
        shared = set(choice.row.entry.runs) & set(safe.entry.runs)
        if choice.row.entry.runs and safe.entry.runs:
            reason += f"; shares {len(shared)} of its {len(safe.entry.runs)} runs with the first"
    return reason


def _usual_metric(entries: Sequence[Entry]) -> str:
    """Return the metric that most submissions were scored by; of two, the later."""
    names = [entry.metric_name for entry in reversed(entries)]
    return Counter(names).most_common(1)[0][0] if names else DEFAULT_METRIC


def _usual_split(entries: Sequence[Entry]) -> str | None:
    """Return the split that most submissions were validated on; of two, the later."""
    splits = [entry.split_hash for entry in reversed(entries) if entry.val is not None]
    return Counter(splits).most_common(1)[0][0] if splits else None


def _is_compared(entry: Entry, split_hash: str | None) -> bool:
    known = entry.val is not None and entry.public is not None
    return known and entry.split_hash == split_hash


def _left_today(entries: Sequence[Entry], policy: Policy, moment: datetime) -> int | None:
    """Return how many submissions are left on the day that `moment` lies in."""
    if policy.per_day is None:
        return None
    zone = timezone(timedelta(hours=policy.utc_offset_hours))
    today = moment.astimezone(zone).date()
    used = sum(entry.moment.astimezone(zone).date() == today for entry in entries)
    return max(0, policy.per_day - used)
