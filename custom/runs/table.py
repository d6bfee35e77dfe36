"""All runs in one table: what was changed, what it scored, what the gate said."""

from __future__ import annotations

import logging
import math
import operator
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from custom.errors import PodiumError
from custom.evaluation import bootstrap_metric, match_at_best
from custom.evaluation.bootstrap import interval_of
from custom.files import read_json
from custom.runs.config import has_config
from custom.runs.config_diff import config_differences
from custom.runs.run import Run

logger = logging.getLogger(__name__)

CONFIDENCE = 0.95
_CONDITION = re.compile(r"\s*(\w+)\s*(>=|<=|!=|=|>|<)\s*(.*?)\s*")
# What people typed when there was one metric.
_ALIASES = {"mAP50": "AP50", "mAP": "AP"}
_COMPARE = {
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le,
    "=": operator.eq, "!=": operator.ne,
}  # fmt: skip


@dataclass(frozen=True)
class RunRow:
    """One run.

    Attributes:
        run: Its folder's name.
        task: What it predicts.
        trainer: What trained it; empty if unknown.
        config: The config it was trained with; empty where there is none.
        changed: What differs from its baseline's resolved config; empty without a baseline.
        seed: Of the training; None if unknown.
        fold: That judges it.
        metric: The competition's.
        value: Of that metric on the fold; NaN if unknown.
        metrics: The value of every metric that is recorded, by name.
        low: Lower end of the 95% interval over val images; NaN if not asked for.
        high: Upper end.
        verdict: Of the gate, or "".
        baseline: The run that it was compared with, or "".
        hours: Of training; NaN if unknown.
        split: The start of the split's hash.
    """

    run: str
    task: str
    trainer: str
    config: str
    changed: tuple[str, ...]
    seed: int | None
    fold: int | None
    metric: str
    value: float
    metrics: Mapping[str, float]
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
        conditions: `fold=0`, `AP50>0.6`, `verdict!=reject`; text matches where it is contained,
            so that `config=nano` finds `universenet_nano`.

    Raises:
        PodiumError: If a condition is none, or its column unknown.
    """
    parsed = [_parse(condition) for condition in conditions]
    for name, _, _ in parsed:
        _check_column(name, rows)
    return [row for row in rows if all(_holds(row, *condition) for condition in parsed)]


def sort_rows(rows: Sequence[RunRow], key: str) -> list[RunRow]:
    """Return rows by a column, ascending, or descending for `-column`; unknown values last.

    Raises:
        PodiumError: If there is no such column.
    """
    name, falling = key.removeprefix("-"), key.startswith("-")
    _check_column(name, rows)
    known = [row for row in rows if not _unknown(_cell(row, name))]
    unknown = [row for row in rows if _unknown(_cell(row, name))]
    return sorted(known, key=lambda row: _cell(row, name), reverse=falling) + unknown


def records_of(rows: Sequence[RunRow]) -> list[dict[str, Any]]:
    """Return rows as JSON has them."""
    records = []
    for row in rows:
        record = {key: None if _unknown(cell) else cell for key, cell in asdict(row).items()}
        metrics = {name: None if _unknown(value) else value for name, value in row.metrics.items()}
        records.append({**record, "metrics": metrics})
    return records


def holds_records(path: Path) -> bool:
    """Whether a file holds such rows, of an earlier table."""
    try:
        content = read_json(path)
    except PodiumError:
        return False
    names = {each.name for each in fields(RunRow)}
    return isinstance(content, list) and all(
        isinstance(row, dict) and {"run", "metrics"} <= set(row) <= names for row in content
    )


def _row(run: Run, baseline: Run | None, intervals: bool) -> RunRow:
    record = run.record
    low, high = _interval(run) if intervals else (math.nan, math.nan)
    return RunRow(
        run=run.name,
        task=record.task,
        trainer=str(record.trainer or ""),
        config=record.config,
        changed=tuple(_changes(run, baseline)) if baseline else (),
        seed=record.seed,
        fold=record.fold,
        metric=record.metric,
        value=record.value(),
        metrics={name: record.value(name) for name in record.metrics},
        low=low,
        high=high,
        verdict=record.verdict.decision if record.verdict else "",
        baseline=baseline.name if baseline else "",
        hours=math.nan if record.wall_time_s is None else record.wall_time_s / 3600,
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
    """Return the ends of the interval of a run's metric; NaN where its data is gone."""
    metric = run.record.metric
    try:
        matches, _ = match_at_best(run.val_ground_truth, run.val_predictions(), metric)
    except PodiumError as error:
        logger.warning("no interval for %s: %s", run.name, error)
        return math.nan, math.nan
    low, high = interval_of(bootstrap_metric(matches, metric), CONFIDENCE)
    return float(low[-1]), float(high[-1])


def _parse(condition: str) -> tuple[str, str, str]:
    if not (found := _CONDITION.fullmatch(condition)):
        raise PodiumError(f"a filter must be like fold=0 or AP50>0.6, but is {condition!r}")
    name, sign, value = found.groups()
    return name, sign, value


def _holds(row: RunRow, name: str, sign: str, value: str) -> bool:
    """Return whether a condition holds; text is contained or not, numbers are compared."""
    own = _cell(row, name)
    if isinstance(own, str | tuple) and sign in ("=", "!="):
        text = own if isinstance(own, str) else "\n".join(own)
        return (value in text) == (sign == "=")
    try:
        wanted = float(value)
    except ValueError:
        raise PodiumError(f"{name} must be compared with a number, not {value!r}") from None
    if isinstance(own, str | tuple):
        raise PodiumError(f"{name} is text, which is compared by = or !=, not {sign}")
    return own is not None and bool(_COMPARE[sign](own, wanted))


def _cell(row: RunRow, name: str) -> Any:
    """Return what a row has in a column; a metric's name is a column too."""
    if name in _columns():
        return getattr(row, name)
    return row.metrics.get(_ALIASES.get(name, name), math.nan)


def _check_column(name: str, rows: Sequence[RunRow]) -> None:
    known = [*_columns(), *dict.fromkeys(metric for row in rows for metric in row.metrics)]
    if name not in known and name not in _ALIASES:
        raise PodiumError(f"a column must be one of {known}, but is {name!r}")


def _columns() -> list[str]:
    return [field.name for field in fields(RunRow) if field.name != "metrics"]


def _unknown(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
