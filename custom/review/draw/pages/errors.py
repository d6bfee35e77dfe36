"""Errors: what each error type costs, over all and by class, with the way to their pictures."""

from __future__ import annotations

from dataclasses import dataclass

from custom.evaluation.errors import ERROR_NAMES, ErrorReport
from custom.review.draw import charts
from custom.review.draw.pages.overview import by_rising_ap
from custom.review.draw.site import Site
from custom.review.inputs import Review

TITLE = "Errors"
FILE = "errors.html"


@dataclass(frozen=True)
class Panel:
    """What is shown of one model."""

    name: str
    colour: str
    report: ErrorReport
    largest: float


def write(review: Review, site: Site) -> None:
    """Write the page."""
    reports = [analysis.errors for analysis in review.analyses]
    panels = [
        Panel(model.name, charts.colour_of(review.models, k), report, largest_gain(report))
        for k, (model, report) in enumerate(zip(review.models, reports, strict=True))
    ]
    site.write_data("data/errors.js", "podium_charts", {"gains": charts.gains(review, reports)})
    site.write_page(
        FILE,
        "errors.html",
        TITLE,
        panels=panels,
        kinds=tuple(ERROR_NAMES.values()),
        names=review.gt.categories.names,
        order=by_rising_ap(review).tolist(),
        final=review.final,
        metric=review.metric.name,
    )


def largest_gain(report: ErrorReport) -> float:
    """Return the largest gain of a class by one error type, which is shaded most."""
    gains = [gain for values in report.class_gains.values() for gain in values if gain > 0]
    return max(gains, default=1.0)
