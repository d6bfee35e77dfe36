"""The table of runs for the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from rich.table import Table

from custom.runs.table import RunRow
from custom.terminal import shown

CHANGES_SHOWN = 3
# The columns before and behind the metric's, which has its name.
_FIRST = ("run", "task", "trainer", "config", "changed", "seed", "fold")
_LAST = ("interval", "verdict", "hours")
_VALUE = "value"
_WRAPPED = ("run", "trainer", "config", "changed")
# Told in the title where all runs have the same.
_IN_TITLE = ("task", "trainer")


def table_of(rows: Sequence[RunRow]) -> Table:
    """Return rows as a table for the terminal; the metric's column has its name.

    Task and trainer are in the title where all rows have the same; a column of which nothing is
    known is left out.
    """
    metrics = list(dict.fromkeys(row.metric for row in rows))
    several = len(metrics) > 1
    shared = [name for name in _IN_TITLE if len({getattr(row, name) for row in rows}) == 1]
    told = [value for name in shared if (value := getattr(rows[0], name))]
    title = ", ".join([f"{len(rows)} runs", *told])
    if several:
        title += f"; several metrics, which do not compare: {', '.join(metrics)}"
    header = "value" if several else shown((metrics or ["value"])[0])
    table = Table(title=shown(title))
    lines = [_cells(row, several) for row in rows]
    columns = [name for name in (*_FIRST, _VALUE, *_LAST) if name not in shared]
    # A column of which nothing is known only takes room.
    left = [name for name in columns if name == _VALUE or any(line[name] for line in lines)]
    for name in left:
        justify: Literal["right", "left"] = "right" if name in (_VALUE, "hours") else "left"
        whole = name not in _WRAPPED
        table.add_column(header if name == _VALUE else name, justify=justify, no_wrap=whole)
    for line in lines:
        table.add_row(*(shown(line[name]) for name in left))
    return table


def _cells(row: RunRow, several: bool) -> dict[str, str]:
    """Return a row as text by column; what is not known is empty."""
    more = len(row.changed) - CHANGES_SHOWN
    changed = [*row.changed[:CHANGES_SHOWN], *([f"and {more} more"] if more > 0 else [])]
    value = "" if math.isnan(row.value) else f"{row.value:.4f}"
    interval = "" if math.isnan(row.low) else f"{row.low:.3f} to {row.high:.3f}"
    return {
        "run": row.run,
        "task": row.task,
        "trainer": row.trainer,
        "config": Path(row.config).stem,
        "changed": "\n".join(changed),
        "seed": "" if row.seed is None else str(row.seed),
        "fold": "" if row.fold is None else str(row.fold),
        _VALUE: f"{value} {row.metric}" if several else value,
        "interval": interval,
        "verdict": row.verdict,
        "hours": "" if math.isnan(row.hours) else f"{row.hours:.2f}",
    }
