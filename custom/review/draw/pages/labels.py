"""Overview of labels of images and regions: the number, its interval, head by head."""

from __future__ import annotations

from custom.review.compute.analysis import CONFIDENCE, NUM_RESAMPLES
from custom.review.compute.notes import lead_of_ensemble, notes_on
from custom.review.draw import charts
from custom.review.draw.pages.overview import MOST_CHARTED, by_rising_ap
from custom.review.draw.site import Site
from custom.review.inputs import Review

TITLE = "Overview"
FILE = "index.html"


def write(review: Review, site: Site) -> None:
    """Write the page."""
    order = by_rising_ap(review).tolist()
    charted = order[:MOST_CHARTED]
    site.write_data(
        "data/overview.js", "podium_charts", {"by-class": charts.by_class(review, charted)}
    )
    analysis = review.analyses[review.final]
    decisions = analysis.unthresholded.decisions
    site.write_page(
        FILE, "labels.html", TITLE,
        review=review, final=review.final, order=order, num_charted=len(charted),
        names=review.gt.categories.names, score=analysis.score, ends=analysis.interval,
        intervals=[each.interval for each in review.analyses],
        colours=[charts.colour_of(review.models, k) for k in range(len(review.models))],
        positives=decisions.positives.sum(axis=0), negatives=decisions.negatives.sum(axis=0),
        unknown=review.gt.iscrowd.sum(), exclusive=decisions.exclusive,
        lead=lead_of_ensemble(review) if review.recipe else None,
        notes=notes_on(review), confidence=CONFIDENCE, num_resamples=NUM_RESAMPLES,
    )  # fmt: skip
