"""The table that an ablation ends with: what helped, by how much, with which interval."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from custom.ablation.runner import VariantResult
from custom.evaluation import DEFAULT_METRIC, Metric, metric_of
from custom.files import write_json, write_text
from custom.gate.verdict import Verdict

_HEADER = ("variant", "{metric}", "change", "interval", "p", "verdict", "runs", "hours", "why")


def write_tables(outcomes: Sequence[VariantResult], out: Path, title: str) -> tuple[Path, Path]:
    """Write `table.md` and `table.json`, and return their paths."""
    paths = out / "table.md", out / "table.json"
    write_text(paths[0], markdown_table(outcomes, title))
    write_json(paths[1], [record_of(outcome) for outcome in outcomes])
    return paths


def markdown_table(outcomes: Sequence[VariantResult], title: str) -> str:
    """Return the outcomes as Markdown: the baseline, then variants by gain, then the missing."""
    baseline, *variants = outcomes
    metric = metric_of(metric_name(outcomes))
    ordered = sorted(variants, key=lambda outcome: -_gain(outcome, metric))
    rows = [_row(outcome) for outcome in (baseline, *ordered)]
    header = [cell.format(metric=metric.title) for cell in _HEADER]
    lines = [f"# {title}", "", _line(header), _line(["---"] * len(header)), *map(_line, rows)]
    return "\n".join([*lines, "", *_footnotes(variants, metric)]) + "\n"


def metric_name(outcomes: Sequence[VariantResult]) -> str:
    """Return the competition's metric, which the runs have recorded."""
    recorded = [run.record.metric for outcome in outcomes for run in outcome.runs]
    return recorded[0] if recorded else DEFAULT_METRIC


def _gain(outcome: VariantResult, metric: Metric) -> float:
    """Return by how much a variant is better; least of all where that is not known."""
    return metric.sign * outcome.verdict.overall.difference if outcome.verdict else -np.inf


def record_of(outcome: VariantResult) -> dict[str, Any]:
    """Return an outcome as JSON has it."""
    verdict = outcome.verdict
    return {
        "variant": outcome.variant.name,
        "why": outcome.variant.why,
        "config": str(outcome.variant.config),
        "runs": [str(run.folder) for run in outcome.runs],
        "missing": outcome.missing,
        "metric": metric_name([outcome]),
        "value": mean_of(outcome),
        "hours": _hours(outcome),
        "adjusted_p": outcome.adjusted_p,
        "verdict": verdict.to_record() if verdict else None,
    }


def mean_of(outcome: VariantResult) -> float | None:
    """Return the mean of the metric over seeds and folds; None without runs."""
    values = [run.record.value() for run in outcome.runs]
    return float(np.mean(values)) if values else None


def _row(outcome: VariantResult) -> list[str]:
    verdict, mean = outcome.verdict, mean_of(outcome)
    count = len(outcome.runs) + outcome.missing
    judged = _judged(verdict, outcome) if verdict else ["", "", "", "" if mean else "not run"]
    if outcome.missing and mean:
        judged[-1] = "incomplete"
    return [
        outcome.variant.name,
        "" if mean is None else f"{mean:.4f}",
        *judged,
        f"{len(outcome.runs)}/{count}",
        f"{_hours(outcome):.1f}",
        outcome.variant.why,
    ]


def _judged(verdict: Verdict, outcome: VariantResult) -> list[str]:
    overall = verdict.overall
    return [
        f"{overall.difference:+.4f}",
        f"{overall.low:+.4f} to {overall.high:+.4f}",
        f"{outcome.adjusted_p:.3f}",
        verdict.decision,
    ]


def _footnotes(variants: Sequence[VariantResult], metric: Metric) -> list[str]:
    """Say how sure the table is, and what the gate notes, each note once."""
    verdicts = [outcome.verdict for outcome in variants if outcome.verdict]
    if not verdicts:
        return ["Nothing could be compared yet."]
    first = verdicts[0]
    return [
        f"Change and interval: pooled over seeds and folds on {first.num_images} val images, at "
        f"{first.confidence:.4g} confidence, widened for {first.comparisons} comparisons. "
        f"p: adjusted for all of them (Holm). {metric.title}: mean over runs, each on its own "
        "fold.",
    ]


def _hours(outcome: VariantResult) -> float:
    return sum(run.record.wall_time_s or 0.0 for run in outcome.runs) / 3600


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
