"""The pages of a review, and writing them all."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from types import ModuleType
from typing import Any

from custom.files import PathLike
from custom.review.draw.charts import copy_library
from custom.review.draw.pages import (
    classes,
    errors,
    gallery,
    labels,
    overview,
    suspects,
    thresholds,
    worst,
)
from custom.review.draw.site import Entry, Site, check_replaceable, staged
from custom.review.inputs import Review

# One line a page, in the order of the navigation.
PAGES: tuple[ModuleType, ...] = (overview, classes, errors, thresholds, gallery, suspects)
# Labels of whole images and of given regions have neither sizes nor localization errors.
LABEL_PAGES: tuple[ModuleType, ...] = (labels, thresholds, worst)
ASSETS = ("review.css", "review.js")
# Beside the reviews of a folder: thumbnails that the next one uses again.
CACHE = ".thumbnails"


def write_review(review: Review, out: PathLike) -> Path:
    """Write the folder, whole or not at all; return the page to open.

    Args:
        review: What is shown.
        out: The folder; an older review there is replaced.

    Raises:
        PodiumError: If the folder holds something else, or cannot be written.
    """
    check_replaceable(out)
    pages = LABEL_PAGES if review.metric.is_of_labels else PAGES
    entries = [Entry(page.TITLE, page.FILE) for page in pages]
    with staged(out, _facts(review)) as folder:
        site = Site(folder, review.title, entries, Path(out).parent / CACHE)
        copy_library(folder)
        for name in ASSETS:
            site.copy_asset(name)
        for page in pages:
            page.write(review, site)
    return Path(out) / pages[0].FILE


def _facts(review: Review) -> dict[str, Any]:
    """Return what the marker file says: enough to compare two reviews by a script."""
    low, high = zip(*(analysis.interval for analysis in review.analyses), strict=True)
    models = [
        {
            "name": model.name,
            "note": model.note,
            "value": review.analyses[k].score.value,
            "interval": [float(low[k][-1]), float(high[k][-1])],
        }
        for k, model in enumerate(review.models)
    ]
    created = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return {
        "title": review.title,
        "created": created,
        "metric": review.metric.name,
        "annotations": review.gt.source,
        "images": len(review.gt.images),
        "boxes": review.gt.num_boxes,
        "models": models,
    }
