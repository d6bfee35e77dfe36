"""Overview: the number, its interval, and where the score is lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from custom.boxes import IntArray
from custom.evaluation import DEFAULT_METRIC, checked_against_reference
from custom.review.compute.analysis import CONFIDENCE, NUM_RESAMPLES
from custom.review.compute.contributions import contributions, leave_one_out
from custom.review.compute.losses import greatest_losses
from custom.review.compute.notes import lead_of_ensemble, notes_on
from custom.review.compute.shapes import ap_by_size
from custom.review.draw import charts
from custom.review.draw.site import Site
from custom.review.inputs import Review

TITLE = "Overview"
FILE = "index.html"
# More classes make a chart too long to look at; the weakest are shown.
MOST_CHARTED = 40


@dataclass(frozen=True)
class Row:
    """One line of the models' table."""

    name: str
    note: str
    colour: str
    final: bool
    value: float
    low: float
    high: float
    sizes: tuple[float, ...]
    num_boxes: int


def write(review: Review, site: Site) -> None:
    """Write the page, once pycocotools has given the same number, if it knows the metric."""
    final = review.final
    if review.metric.reference:
        name = review.metric.name
        checked_against_reference(review.gt, review.models[final].predictions, name)
    order = by_rising_ap(review).tolist()
    charted = order[:MOST_CHARTED]
    figures = {"by-class": charts.by_class(review, charted)}
    if review.recipe is not None:
        found = contributions(review.gt, [review.analyses[k] for k in review.members])
        figures["finders"] = charts.finders(review, found, charted)
    site.write_data("data/overview.js", "podium_charts", figures)
    site.write_page(
        FILE,
        "overview.html",
        TITLE,
        review=review,
        rows=_rows(review),
        final=final,
        losses=greatest_losses(review.analyses[final]),
        names=review.gt.categories.names,
        score=review.analyses[final].score,
        ends=review.analyses[final].interval,
        order=order,
        num_charted=len(charted),
        lead=lead_of_ensemble(review) if review.recipe else None,
        left_out=leave_one_out(review) if review.recipe else [],
        notes=notes_on(review),
        confidence=CONFIDENCE,
        is_ap50=review.metric.name == DEFAULT_METRIC,
        num_resamples=NUM_RESAMPLES,
    )


def by_rising_ap(review: Review) -> IntArray:
    """Return the classes, the worst of the model that counts first; those without boxes last."""
    ap = review.metric.sign * review.analyses[review.final].score.per_class
    return np.argsort(np.where(np.isnan(ap), np.inf, ap), kind="stable")


def _rows(review: Review) -> list[Row]:
    rows = []
    for k, model in enumerate(review.models):
        analysis = review.analyses[k]
        low, high = analysis.interval
        rows.append(
            Row(
                model.name,
                model.note,
                charts.colour_of(review.models, k),
                model.final,
                analysis.score.value,
                float(low[-1]),
                float(high[-1]),
                tuple(ap_by_size(analysis).means.tolist()),
                model.predictions.num_boxes,
            )
        )
    return rows
