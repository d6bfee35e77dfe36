"""Overview: the number, its interval, and where the points are lost."""

from __future__ import annotations

from custom.review.inputs import Review
from custom.review.site import Site

TITLE = "Overview"
FILE = "index.html"


def write(review: Review, site: Site) -> None:
    """Write the page."""
    site.write_page(FILE, "overview.html", TITLE, models=review.models)
