"""The ledger's report as text."""

from __future__ import annotations

import math
from collections.abc import Iterator

from custom.leaderboard.fit import Expectation
from custom.leaderboard.report import Report, ReportedSubmission

_HEADER = ("submitted", "name", "val", "public", "val-public", "private", "private expected", "")


def render(report: Report) -> str:
    """Return the report as lines of text."""
    if not report.rows:
        return "the ledger is empty; add a submission with: leaderboard.py add FILE --public SCORE"
    header = tuple(f"val {report.metric}" if cell == "val" else cell for cell in _HEADER)
    table = [header, *(_cells(row, report) for row in report.rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(map(str.ljust, cells, widths)).rstrip() for cells in table]
    return "\n".join([*lines, "", *_summary(report)])


def _cells(row: ReportedSubmission, report: Report) -> tuple[str, ...]:
    entry = row.entry
    val = _score(entry.val)
    if entry.val_interval is not None:
        val += f" [{entry.val_interval[0]:.4f}, {entry.val_interval[1]:.4f}]"
    notes = []
    if row.is_unexpected:
        notes.append("board below the fit" if row.surprise > 0 else "board above the fit")
    if entry.metric_name != report.metric:
        notes.append(f"by {entry.metric_name}")
    if entry.val is not None and entry.split_hash != report.split_hash:
        notes.append("val on another split")
    return (
        entry.time[:16].replace("T", " "),
        entry.name,
        val,
        _score(entry.public),
        "-" if row.gap is None else f"{row.gap:+.4f}",
        _score(entry.private),
        _interval(row.private),
        ", ".join([*notes, *([entry.note] if entry.note else [])]),
    )


def _summary(report: Report) -> Iterator[str]:
    fit = report.fit
    if fit.count == 0:
        yield "val against public: no submission has both"
    else:
        spread = "" if math.isnan(fit.spread) else f", give or take {fit.spread:.4f}"
        yield f"val - public: {fit.gap:+.4f}{spread} (by {fit.count} submissions)"
        yield _rank_line(report)
    unexpected = [row.entry.name for row in report.rows if row.is_unexpected]
    if unexpected:
        yield f"not expected by the fit: {', '.join(unexpected)}; check these files and their val"
    if any(row.private for row in report.rows):
        yield _assumed(report)
    if report.left_today is not None:
        yield f"left today: {report.left_today}"
    for number, choice in enumerate(report.choices, start=1):
        yield f"select {number}: {choice.row.entry.name}: {choice.reason}"
    if not report.choices:
        yield "nothing to select: no submission has a val or a public score with an interval"


def _assumed(report: Report) -> str:
    """Say what the expected private scores rest on."""
    drop, noise, policy = report.drop, report.noise, report.policy
    side = "below" if drop.value >= 0 else "above"
    known = f" and {drop.count} known private scores" if drop.count else ""
    names = ("drop", "drop_spread", "val_noise", "board_noise")
    assumed = ", ".join(f"{name} {getattr(policy, name):g}" for name in names)
    return (
        f"private expected: {abs(drop.value):.4f} {side} val - gap and public, give or take "
        f"{drop.error:.4f}; single scores scatter by {noise.val:.4f} on val and {noise.board:.4f} "
        f"on boards. Learnt from {report.fit.count} gaps{known}; assumed (ledger.policy.json): "
        f"{assumed}"
    )


def _rank_line(report: Report) -> str:
    if math.isnan(report.correlation):
        return "rank correlation of val and public: needs three submissions that differ"
    caution = "; few submissions: do not lean on it" if report.fit.count < 8 else ""
    return f"rank correlation of val and public: {report.correlation:+.2f}{caution}"


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _interval(expected: Expectation | None) -> str:
    if expected is None:
        return "-"
    return f"{expected.value:.4f} [{expected.low:.4f}, {expected.high:.4f}]"
