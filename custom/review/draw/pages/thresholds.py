"""Thresholds: what is right and wrong from a score on, by class, with a slider."""

from __future__ import annotations

from typing import Any

import numpy as np

from custom.review.compute.analysis import Analysis
from custom.review.draw.site import Site
from custom.review.inputs import Review
from custom.thresholds.goals import Goal
from custom.thresholds.levels import Levels, levels_of
from custom.thresholds.table import operating_table

TITLE = "Thresholds"
FILE = "thresholds.html"
STEPS = 200
FIRST = STEPS // 2


def write(review: Review, site: Site) -> None:
    """Write the page and its data."""
    record = {
        "names": review.gt.categories.names,
        "steps": STEPS,
        "models": [_of_model(analysis) for analysis in review.analyses],
    }
    site.write_data("data/thresholds.js", "podium_thresholds", record)
    site.copy_asset("thresholds.js")
    site.write_page(
        FILE, "thresholds.html", TITLE,
        models=review.models, final=review.final, names=review.gt.categories.names,
        is_of_labels=review.metric.is_of_labels, steps=STEPS, first=FIRST,
    )  # fmt: skip


def _of_model(analysis: Analysis) -> list[dict[str, Any]]:
    matches = analysis.unthresholded
    score_thrs = np.linspace(0, 1, STEPS + 1).tolist()
    classes = []
    for label in range(matches.num_classes):
        levels = levels_of(matches, label)
        counts = operating_table(levels, score_thrs)
        table = [[getattr(each, name) for each in counts] for name in ("tp", "fp", "fn", "tn")]
        classes.append({"counts": table, "best": _best(levels)})
    return classes


def _best(levels: Levels) -> float | None:
    """Return the score of the best F1; None where there is nothing to find or found."""
    positives = int(levels.positives.sum())
    if not len(levels.scores) or not positives:
        return None
    place = Goal("f1").choose(*levels.counts(), positives, np.zeros(1), 1)[0]
    return float(levels.scores[place])
