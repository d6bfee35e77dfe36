"""Thresholds and operating tables as text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from custom.thresholds.choosing import ChosenThreshold
from custom.thresholds.command import Basis
from custom.thresholds.goals import Goal
from custom.thresholds.table import Counts

_COUNTED = ("P", "R", "F1", "TP", "FP", "FN", "TN")


def chosen_lines(basis: Basis, goal: Goal, chosen: Sequence[ChosenThreshold]) -> list[str]:
    """Return the table of chosen thresholds, and why classes have none."""
    rows: list[tuple[str, ...]] = [
        ("class", "threshold", f"expected {goal.figure}", "support", *_COUNTED)
    ]
    for each in chosen:
        if each.score_thr is None:
            continue
        expected = f"{each.expected:.4f} [{each.low:.4f}, {each.high:.4f}]"
        support = f"{each.support} in {each.groups} groups"
        rows.append((each.name, f"{each.score_thr:g}", expected, support, *_cells(each.counts)))
    lines = [f"{goal}, {_basis_line(basis)}", "", *(aligned(rows) if len(rows) > 1 else [])]
    lines += [f"{e.name}: refused, {e.reason}" for e in chosen if e.score_thr is None]
    return [*lines, "", "expected: on groups of images that the choice has not seen, in turn"]


def table_lines(
    basis: Basis, score_thrs: Sequence[float], table: Mapping[str, Sequence[Counts]]
) -> list[str]:
    """Return the operating table as text."""
    rows: list[tuple[str, ...]] = [("class", "threshold", *_COUNTED)]
    for name, counts in table.items():
        cells = zip(score_thrs, counts, strict=True)
        rows += [(name, f"{thr:g}", *_cells(each)) for thr, each in cells]
    return [_basis_line(basis), "", *aligned(rows)]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows as lines with columns of equal width, the first to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _basis_line(basis: Basis) -> str:
    names = ", ".join(run.name for run in basis.runs)
    matches = basis.matches
    what = "" if matches.rule == "equal" else f", boxes matched at IoU {matches.iou_thrs[0]:.2g}"
    return (
        f"on {matches.num_images} images in {basis.num_groups} groups, out of fold of {names}{what}"
    )


def _cells(counts: Counts) -> tuple[str, ...]:
    shares = (counts.precision, counts.recall, counts.f1)
    numbers = (counts.tp, counts.fp, counts.fn, counts.tn)
    return (
        *("-" if math.isnan(share) else f"{share:.4f}" for share in shares),
        *("-" if math.isnan(number) else f"{number:.0f}" for number in numbers),
    )
