"""Figures for plotly.js, as plain data.

Colours are names of the page's own, "var(--line)", which the page replaces when it draws, so that
a chart follows light and dark. A model has one colour on all pages.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.evaluation import DEFAULT_METRIC, metric_of
from custom.evaluation.errors import ERROR_NAMES, ErrorReport
from custom.review.compute.contributions import Contributions
from custom.review.draw.error_types import ERROR_TEXTS
from custom.review.draw.text import count, decimals, interval, percent, plain
from custom.review.inputs import Model, Review

Figure = dict[str, Any]
LIBRARY = "plotly.min.js"
LICENCE = "plotly-license.txt"
# plotly.js alone is 5 MB; the Python package that carries it is 71 MB with what it needs.
_VENDOR = Path(__file__).parent / "vendor"
NUM_COLOURS = 8
_NAME_LENGTH = 24


def copy_library(folder: Path) -> None:
    """Write plotly.js and its licence into a folder."""
    (folder / LIBRARY).write_bytes(gzip.decompress((_VENDOR / f"{LIBRARY}.gz").read_bytes()))
    shutil.copyfile(_VENDOR / LICENCE, folder / LICENCE)


def colour_of(models: Sequence[Model], position: int) -> str:
    """Return the colour of a model, the same on all pages."""
    if models[position].final:
        return "var(--model-final)"
    return f"var(--model-{position % NUM_COLOURS})"


def short(name: str) -> str:
    """Return a name that fits beside a chart, as plotly.js reads it."""
    return plain(name if len(name) <= _NAME_LENGTH else name[: _NAME_LENGTH - 1] + "\u2026")


def by_class(review: Review, order: Sequence[int]) -> Figure:
    """Return the metric of each class with its interval, one row a class, in the given order."""
    models, names = review.models, review.gt.categories.names
    num_gt = review.analyses[0].score.num_gt
    labels = [f"{short(names[c])} ({count(num_gt[c])})" for c in order]
    layout = {
        "height": 70 + len(order) * (16 + 11 * len(models)),
        "margin": {"l": 8, "r": 20, "t": 8, "b": 40},
        # A little below 0, or a dot there lies on the names.
        "xaxis": {"range": [-0.015, 1], "title": {"text": review.metric.name}},
        "yaxis": _rows(labels),
    }
    traces = [_dots(review, k, order) for k in range(len(models))]
    return {"data": traces, "layout": layout, "legend": _legend(models)}


def _dots(review: Review, k: int, order: Sequence[int]) -> Figure:
    """Return the dots and intervals of one model, a little below those of the one before."""
    models, names, metric = review.models, review.gt.categories.names, review.metric.name
    colour, name = colour_of(models, k), plain(models[k].name)
    place = (k - (len(models) - 1) / 2) * 0.72 / len(models)
    ap = review.analyses[k].score.per_class[order]
    low, high = (ends[:-1][order] for ends in review.analyses[k].interval)
    lines = zip(order, ap.tolist(), low.tolist(), high.tolist(), strict=True)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": _finite(ap),
        "y": [row + place for row in range(len(order))],
        "error_x": {
            "type": "data", "symmetric": False, "width": 0, "thickness": 2, "color": colour,
            "array": _finite(high - ap), "arrayminus": _finite(ap - low),
        },
        "marker": {"color": colour, "size": 8},
        "text": [
            f"{plain(names[c])}, {name}<br>{metric} {decimals(value)} ({interval(*ends)})"
            for c, value, *ends in lines
        ],
        "hoverinfo": "text",
        "cliponaxis": False,
    }  # fmt: skip


def finders(review: Review, found: Contributions, order: Sequence[int]) -> Figure:
    """Return who finds the boxes of each size and class, as shares of them."""
    sizes = len(found.groups) - len(review.gt.categories)
    rows = [*range(sizes), *(sizes + label for label in order)]
    rows = [row for row in rows if found.num_gt[row] > 0]
    labels = [
        (f"{found.groups[row]} boxes" if row < sizes else short(found.groups[row]))
        + f" ({count(found.num_gt[row])})"
        for row in rows
    ]
    parts = [("every model", found.by_all, "var(--share-all)")]
    if len(review.members) > 2:
        parts.append(("several models", found.by_some, "var(--share-some)"))
    for k in review.members:
        parts.append((f"only {review.models[k].name}", found.only[k], colour_of(review.models, k)))
    parts.append(("no model", found.by_none, "var(--share-none)"))
    layout = {
        "height": 80 + 24 * len(rows),
        "barmode": "stack",
        "bargap": 0.3,
        "margin": {"l": 8, "r": 28, "t": 8, "b": 40},
        "xaxis": {"range": [0, 1], "tickformat": ".0%", "title": {"text": "share of boxes"}},
        "yaxis": _rows(labels),
    }
    traces = [
        _bars(plain(name), numbers[rows], found.num_gt[rows], labels, colour)
        for name, numbers, colour in parts
    ]
    legend = [(name, colour) for name, _, colour in parts]
    return {"data": traces, "layout": layout, "legend": legend}


def _bars(
    name: str, numbers: IntArray, totals: IntArray, labels: Sequence[str], colour: str
) -> Figure:
    """Return shares of rows as one part of stacked bars."""
    shares = numbers / totals
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "x": shares,
        "y": list(range(len(labels))),
        "marker": {"color": colour, "line": {"color": "var(--ground)", "width": 1}},
        "text": [
            f"{label}<br>{name}: {count(number)} ({percent(share)})"
            for label, number, share in zip(labels, numbers, shares, strict=True)
        ],
        "hoverinfo": "text",
        "textposition": "none",
    }


def gains(review: Review, reports: Sequence[ErrorReport]) -> Figure:
    """Return what fixing each error type would gain, by model."""
    kinds = list(ERROR_NAMES.values())
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": plain(model.name),
            "y": [ERROR_TEXTS[kind].title for kind in kinds],
            "x": [report.gains[kind] for kind in kinds],
            "marker": {"color": colour_of(review.models, k)},
            "text": [f"{plain(model.name)}: +{decimals(report.gains[kind])}" for kind in kinds],
            "hoverinfo": "text",
            "textposition": "none",
        }
        for k, (model, report) in enumerate(zip(review.models, reports, strict=True))
    ]
    layout = {
        "height": 70 + len(kinds) * (14 + 14 * len(traces)),
        "bargap": 0.3,
        "xaxis": {
            "title": {"text": f"gain in {metric_of(DEFAULT_METRIC).title}"},
            "rangemode": "tozero",
        },
        "yaxis": {"autorange": "reversed"},
    }
    return {"data": traces, "layout": layout, "legend": _legend(review.models)}


def _legend(models: Sequence[Model]) -> list[tuple[str, str]]:
    """Return names and colours of the models; nothing where there is one alone."""
    if len(models) == 1:
        return []
    return [(model.name, colour_of(models, k)) for k, model in enumerate(models)]


def _rows(labels: Sequence[str]) -> dict[str, Any]:
    """Return an axis with a label at each whole number, from the top."""
    return {
        "tickmode": "array",
        "tickvals": list(range(len(labels))),
        "ticktext": list(labels),
        "range": [len(labels) - 0.5, -0.5],
        "zeroline": False,
    }


def _finite(values: FloatArray) -> list[float | None]:
    """Return numbers with None where there is none."""
    return [float(value) if np.isfinite(value) else None for value in values]
