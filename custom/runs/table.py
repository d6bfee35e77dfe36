"""All runs in one table: what was changed, what it scored, what the gate said."""

from __future__ import annotations

import logging
import math
import operator
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from rich.table import Table

from custom.errors import PodiumError
from custom.evaluation import bootstrap_metric, match_for
from custom.evaluation.bootstrap import interval_of
from custom.runs.config import has_config
from custom.runs.config_diff import config_differences
from custom.runs.run import Run

logger = logging.getLogger(__name__)

CONFIDENCE = 0.95
CHANGES_SHOWN = 3
_CONDITION = re.compile(r"\s*(\w+)\s*(>=|<=|!=|=|>|<)\s*(.*?)\s*")
_SHOWN = ("run", "config", "changed", "seed", "fold", "mAP50", "interval", "verdict", "hours")
_COMPARE = {
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le,
    "=": operator.eq, "!=": operator.ne,
}  # fmt: skip


@dataclass(frozen=True)
class RunRow:
    """One run.

    Attributes:
        run: Its folder's name.
        config: The leaf it was trained with.
        changed: What differs from its baseline's resolved config; empty without a baseline.
        seed: Of the training; None if unknown.
        fold: That judges it.
        mAP50: On the fold; NaN if unknown.
        low: Lower end of the 95% interval over val images; NaN if not asked for.
        high: Upper end.
        verdict: Of the gate, or "".
        baseline: The run that it was compared with, or "".
        hours: Of training.
        split: The start of the split's hash.
    """

    run: str
    config: str
    changed: tuple[str, ...]
    seed: int | None
    fold: int | None
    mAP50: float
    low: float
    high: float
    verdict: str
    baseline: str
    hours: float
    split: str


def make_rows(runs: Sequence[Run], baseline: Run | None, intervals: bool) -> list[RunRow]:
    """Return a row for each run.

    Args:
        runs: The runs.
        baseline: What all are compared with; None for the one that each was gated against.
        intervals: Whether to resample each run's val images, about a second a run.
    """
    return [_row(run, baseline or _gated_against(run, runs), intervals) for run in runs]


def filter_rows(rows: Sequence[RunRow], conditions: Iterable[str]) -> list[RunRow]:
    """Return the rows for which all conditions hold.

    Args:
        rows: The rows.
        conditions: `fold=0`, `mAP50>0.6`, `verdict!=reject`; text matches where it is contained,
            so that `config=nano` finds `universenet_nano`.

    Raises:
        PodiumError: If a condition is none, or its column unknown.
    """
    parsed = [_parse(condition) for condition in conditions]
    return [row for row in rows if all(_holds(row, *condition) for condition in parsed)]


def sort_rows(rows: Sequence[RunRow], key: str) -> list[RunRow]:
    """Return rows by a column, ascending, or descending for `-column`; unknown values last.

    Raises:
        PodiumError: If there is no such column.
    """
    name, falling = key.removeprefix("-"), key.startswith("-")
    _check_column(name)
    known = [row for row in rows if not _unknown(getattr(row, name))]
    unknown = [row for row in rows if _unknown(getattr(row, name))]
    return sorted(known, key=lambda row: getattr(row, name), reverse=falling) + unknown


def records_of(rows: Sequence[RunRow]) -> list[dict[str, Any]]:
    """Return rows as JSON has them."""
    return [
        {key: None if _unknown(value) else value for key, value in asdict(row).items()}
        for row in rows
    ]


def table_of(rows: Sequence[RunRow]) -> Table:
    """Return rows as a table for the terminal."""
    table = Table(title=f"{len(rows)} runs")
    for name in _SHOWN:
        table.add_column(name, justify="right" if name in ("mAP50", "hours") else "left")
    for row in rows:
        interval = "" if math.isnan(row.low) else f"{row.low:.3f} to {row.high:.3f}"
        more = len(row.changed) - CHANGES_SHOWN
        changed = [*row.changed[:CHANGES_SHOWN], *([f"and {more} more"] if more > 0 else [])]
        cells = (row.run, Path(row.config).stem, "\n".join(changed), row.seed, row.fold)
        score = f"{row.mAP50:.4f}"
        table.add_row(*map(str, cells), score, interval, row.verdict, f"{row.hours:.2f}")
    return table


def _row(run: Run, baseline: Run | None, intervals: bool) -> RunRow:
    record = run.record
    low, high = _interval(run) if intervals else (math.nan, math.nan)
    return RunRow(
        run=run.name,
        config=record.config,
        changed=tuple(_changes(run, baseline)) if baseline else (),
        seed=record.seed,
        fold=record.fold,
        mAP50=record.value("AP50"),
        low=low,
        high=high,
        verdict=record.verdict.decision if record.verdict else "",
        baseline=baseline.name if baseline else "",
        hours=(record.wall_time_s or 0.0) / 3600,
        split=run.split_hash[:12],
    )


def _gated_against(run: Run, runs: Sequence[Run]) -> Run | None:
    """Return the run beside this one that its verdict names as baseline, of the same fold."""
    names = run.record.verdict.baseline if run.record.verdict else ()
    found = [r for r in runs if r.name in names and r.folder.parent == run.folder.parent]
    found.sort(key=lambda r: (r.record.fold != run.record.fold, r.record.seed or 0))
    return found[0] if found else None


def _changes(run: Run, baseline: Run) -> list[str]:
    """Return what differs in the configs; nothing to say where one was not kept."""
    both = has_config(run.folder) and has_config(baseline.folder)
    if run.folder == baseline.folder or not both:
        return []
    return config_differences(baseline.config(), run.config())


def _interval(run: Run) -> tuple[float, float]:
    """Return the ends of the interval of a run's mAP50; NaN where its data is gone."""
    try:
        matches = match_for(run.val_ground_truth, run.val_predictions(), "AP50")
    except PodiumError as error:
        logger.warning("no interval for %s: %s", run.name, error)
        return math.nan, math.nan
    low, high = interval_of(bootstrap_metric(matches, "AP50"), CONFIDENCE)
    return float(low[-1]), float(high[-1])


def _parse(condition: str) -> tuple[str, str, str]:
    if not (found := _CONDITION.fullmatch(condition)):
        raise PodiumError(f"a filter must be like fold=0 or mAP50>0.6, but is {condition!r}")
    name, sign, value = found.groups()
    _check_column(name)
    return name, sign, value


def _holds(row: RunRow, name: str, sign: str, value: str) -> bool:
    """Return whether a condition holds; text is contained or not, numbers are compared."""
    own = getattr(row, name)
    if isinstance(own, str | tuple) and sign in ("=", "!="):
        text = own if isinstance(own, str) else "\n".join(own)
        return (value in text) == (sign == "=")
    try:
        wanted = float(value)
    except ValueError:
        raise PodiumError(f"{name} must be compared with a number, not {value!r}") from None
    return own is not None and bool(_COMPARE[sign](own, wanted))


def _check_column(name: str) -> None:
    known = [field.name for field in fields(RunRow)]
    if name not in known:
        raise PodiumError(f"a column must be one of {known}, but is {name!r}")


def _unknown(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
