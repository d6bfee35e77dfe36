"""What is to be said of the models beside their numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from custom.evaluation import rare_class_notes
from custom.evaluation.bootstrap import interval_of
from custom.review.compute.analysis import CONFIDENCE
from custom.review.draw.text import joined
from custom.review.inputs import Review

# Detectors give boxes of far lower scores than this; a model without them was cut.
CUT_SCORE = 0.1


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


def lead_of_ensemble(review: Review) -> Lead:
    """Compare the ensemble with its best model, on the same resamples."""
    scores = [review.analyses[k].score.value for k in review.members]
    best = review.members[int(np.nanargmax(review.metric.sign * np.array(scores)))]
    whole, single = review.analyses[review.final], review.analyses[best]
    low, high = interval_of(whole.samples[:, -1:] - single.samples[:, -1:], CONFIDENCE)
    value = whole.score.value - single.score.value
    return Lead(review.models[best].name, value, float(low[0]), float(high[0]))


def notes_on(review: Review) -> list[str]:
    """Return what is to be known: of the fusion, of rare classes, of boxes that were cut off."""
    samples = review.analyses[review.final].samples
    rare = rare_class_notes(samples, review.gt.categories.names)
    return [*review.notes, *rare, *cut_notes(review)]


def cut_notes(review: Review) -> list[str]:
    """Return a sentence that names the models whose boxes of low score were cut off."""
    if review.metric.punishes_false_boxes or review.metric.is_of_labels:
        return []
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
