"""The labels of images and regions that a model gets most wrong, head by head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from custom.boxes import IntArray
from custom.evaluation import Matches
from custom.evaluation.counting import HIT, MISS
from custom.tables import Predictions

SHOWN = 24


@dataclass(frozen=True)
class WorstLabel:
    """One label: its image, its box, the score, and whether it is positive."""

    image: int
    bbox: tuple[float, float, float, float]
    score: float
    positive: bool


def worst_labels(
    matches: Matches, predictions: Predictions, label: int, shown: int = SHOWN
) -> tuple[list[WorstLabel], list[WorstLabel]]:
    """Return the negatives of the highest scores, and the positives of the lowest.

    Args:
        matches: Of all labels, by the rule "equal".
        predictions: That were matched, on the matches' images in their order.
        label: The class.
        shown: How many of each.
    """
    part = matches.of_class(label)
    outcomes, rows = matches.outcomes[0, 0, part], matches.rows[part]
    images = matches.image_index[part]

    def of(places: IntArray, positive: bool) -> list[WorstLabel]:
        return [
            WorstLabel(
                int(images[k]), tuple(predictions.bboxes[rows[k]].tolist()),
                float(predictions.scores[rows[k]]), positive,
            )
            for k in places.tolist()
        ]  # fmt: skip

    return (
        of(np.flatnonzero(outcomes == MISS)[:shown], False),
        of(np.flatnonzero(outcomes == HIT)[::-1][:shown], True),
    )
