"""Overview: the number, its interval, and where the points are lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from custom.boxes import IntArray
from custom.evaluation import checked_against_reference
from custom.evaluation.bootstrap import interval_of
from custom.review import charts
from custom.review.analysis import CONFIDENCE, METRIC, NUM_RESAMPLES
from custom.review.contributions import findings, leave_one_out
from custom.review.inputs import Review
from custom.review.losses import greatest_losses
from custom.review.shapes import ap_by_size
from custom.review.site import Site
from custom.review.text import joined

TITLE = "Overview"
FILE = "index.html"
# More classes make a chart too long to look at; the weakest are shown.
MOST_CHARTED = 40
# Detectors give boxes of far lower scores than this; a model without them was cut.
CUT_SCORE = 0.1


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
    """Write the page."""
    order = by_rising_ap(review)
    charted = order[:MOST_CHARTED].tolist()
    figures = {"by-class": charts.by_class(review, charted)}
    values: dict[str, Any] = {"left_out": [], "members": []}
    if review.recipe is not None:
        members = [review.analyses[k] for k in review.members]
        found = findings(review.gt, members)
        figures["finders"] = charts.finders(review, found, charted)
        rows = _rows(review)
        values["left_out"] = leave_one_out(review)
        values["members"] = [rows[k] for k in review.members]
        values["lead"] = lead(review)
    final = review.models[review.final]
    checked_against_reference(review.gt, final.predictions, METRIC)
    site.write_data("data/overview.js", "podium_charts", figures)
    site.write_page(
        FILE,
        "overview.html",
        TITLE,
        review=review,
        rows=_rows(review),
        final=review.final,
        losses=greatest_losses(review.analyses[review.final]),
        names=review.gt.categories.names,
        score=review.analyses[review.final].score,
        ends=review.analyses[review.final].interval,
        order=order.tolist(),
        num_charted=len(charted),
        notes=(*review.notes, *cut_notes(review)),
        confidence=CONFIDENCE,
        num_resamples=NUM_RESAMPLES,
        **values,
    )


def by_rising_ap(review: Review) -> IntArray:
    """Return the classes by rising AP of the model that counts; those without boxes last."""
    ap = review.analyses[review.final].score.per_class
    return np.argsort(np.where(np.isnan(ap), np.inf, ap), kind="stable")


def cut_notes(review: Review) -> list[str]:
    """Return a sentence that names the models whose boxes of low score were cut off."""
    cut = []
    for k in review.members:
        scores = review.models[k].predictions.scores
        if len(scores) and (lowest := scores.min()) >= CUT_SCORE:
            cut.append(f"{review.models[k].name} (below {lowest:.2f})")
    if not cut:
        return []
    return [
        f"No boxes of low score: {joined(cut)}. Such boxes cannot lower AP, and some that are "
        "missed may be among them: predict with a lower threshold."
    ]


@dataclass(frozen=True)
class Lead:
    """By how much the ensemble is above its best model, with the interval."""

    name: str
    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether nothing, or the other sign, is outside of the interval."""
        return self.low > 0 or self.high < 0


def lead(review: Review) -> Lead:
    """Compare the ensemble with its best model, on the same resamples."""
    scores = [review.analyses[k].score.value for k in review.members]
    best = review.members[int(np.nanargmax(scores))]
    whole, single = review.analyses[review.final], review.analyses[best]
    low, high = interval_of(whole.samples[:, -1:] - single.samples[:, -1:], CONFIDENCE)
    value = whole.score.value - single.score.value
    return Lead(review.models[best].name, value, float(low[0]), float(high[0]))


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
