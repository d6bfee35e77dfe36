"""Classes: one at a time, with the curves, the scores and what it is taken for."""

from __future__ import annotations

from typing import Any

from custom.boxes import IntArray
from custom.evaluation.errors import ERROR_NAMES
from custom.review.compute.analysis import Analysis
from custom.review.compute.confusion import confusion
from custom.review.compute.histograms import curve_points, score_edges, score_histogram
from custom.review.compute.shapes import Parts, ap_by_aspect, ap_by_size
from custom.review.draw import charts
from custom.review.draw.error_types import ERROR_TEXTS
from custom.review.draw.pages.overview import by_rising_ap
from custom.review.draw.site import Site
from custom.review.inputs import Review

TITLE = "Classes"
FILE = "classes.html"
SCRIPTS = ("classes.js", "classes.figures.js")
# With more classes than this nobody can read the matrix of all; each class has its row.
LARGEST_MATRIX = 100
# Decimals of what is only drawn.
PLACES = 4


def write(review: Review, site: Site) -> None:
    """Write the page, with a script of data for each class, which is loaded when it is shown."""
    for name in SCRIPTS:
        site.copy_asset(name)
    matrices = [confusion(analysis).counts for analysis in review.analyses]
    site.write_data("data/classes.js", "podium_classes", _common(review, matrices))
    sizes = [ap_by_size(analysis) for analysis in review.analyses]
    aspects = [ap_by_aspect(analysis) for analysis in review.analyses]
    for label in range(len(review.gt.categories)):
        record = {
            "models": [_of_model(analysis, label) for analysis in review.analyses],
            "size": _parts(sizes, label),
            "aspect": _parts(aspects, label),
            "taken_for": [matrix[label] for matrix in matrices],
            "annotated_as": [matrix[:, label] for matrix in matrices],
        }
        site.write_data(f"data/class-{label}.js", f"podium_class_{label}", record)
    has_matrix = len(review.gt.categories) <= LARGEST_MATRIX
    site.write_page(FILE, "classes.html", TITLE, has_matrix=has_matrix, metric=review.metric.name)


def _common(review: Review, matrices: list[IntArray]) -> dict[str, Any]:
    """Return what all classes share: names, models, and the matrix of each model."""
    is_legible = len(review.gt.categories) <= LARGEST_MATRIX
    errors = [analysis.errors for analysis in review.analyses]
    return {
        "names": review.gt.categories.names,
        "order": by_rising_ap(review),
        "num_gt": review.analyses[0].score.num_gt,
        "models": [
            {"name": model.name, "colour": charts.colour_of(review.models, k)}
            for k, model in enumerate(review.models)
        ],
        "final": review.final,
        "edges": score_edges(),
        "confusion": matrices if is_legible else None,
        "kinds": [
            {
                "kind": kind,
                "title": ERROR_TEXTS[kind].title,
                "counts": [report.counts[kind] for report in errors],
                "gains": [report.class_gains[kind].round(PLACES) for report in errors],
            }
            for kind in ERROR_NAMES.values()
        ],
    }


def _of_model(analysis: Analysis, label: int) -> dict[str, Any]:
    """Return what the page shows of one class by one model."""
    curve = analysis.curves[label]
    points = curve_points(curve)
    hits, misses = score_histogram(analysis, label)
    low, high = analysis.interval
    return {
        "ap": float(analysis.score.per_class[label]),
        "interval": [float(low[label]), float(high[label])],
        "curve": {
            "scores": curve.scores[points].round(PLACES),
            "precision": curve.precision[points].round(PLACES),
            "recall": curve.recall[points].round(PLACES),
        },
        "best": _best(analysis, label),
        "hits": hits,
        "misses": misses,
    }


def _best(analysis: Analysis, label: int) -> dict[str, float] | None:
    """Return the point of the highest F1; None where there is no curve."""
    curve = analysis.curves[label]
    if curve.num_gt == 0 or not len(curve.scores):
        return None
    point = int(curve.f_beta().argmax())
    names = ("scores", "precision", "recall")
    return {name: float(getattr(curve, name)[point]) for name in names}


def _parts(parts: list[Parts], label: int) -> dict[str, Any]:
    """Return AP and the number of boxes by group, for all models."""
    return {
        "names": parts[0].names,
        "num_gt": parts[0].num_gt[:, label],
        "ap": [each.ap[:, label].round(PLACES) for each in parts],
    }
