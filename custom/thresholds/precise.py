"""The score from which labels of a class are right often enough to be trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from custom.errors import PodiumError
from custom.evaluation import match
from custom.tables import GroundTruth, Predictions
from custom.thresholds.goals import lowest_precise
from custom.thresholds.levels import levels_of
from custom.thresholds.table import counts_at


@dataclass(frozen=True)
class ClassThreshold:
    """What is taken of one class.

    Attributes:
        name: The class.
        score_thr: Boxes of this score or more are taken; None: no box of the class is.
        precision: The share of the out-of-fold boxes from there on that are right.
        recall: The share of the annotated boxes that these find.
        support: How many out-of-fold boxes that was measured on.
    """

    name: str
    score_thr: float | None
    precision: float
    recall: float
    support: int


def precise_thresholds(
    gt: GroundTruth,
    predictions: Predictions,
    precision: float = 0.8,
    min_support: int = 20,
    iou_thr: float = 0.5,
    rule: str = "coco",
) -> tuple[ClassThreshold, ...]:
    """Return for each class the lowest score from which on boxes are precise enough.

    Args:
        gt: Annotated images that the model was not trained on.
        predictions: What it found there.
        precision: The share of the taken boxes that must be right.
        min_support: Boxes above the threshold that must stand behind it; a class that has less is
            left out, since three lucky boxes prove nothing.
        iou_thr: The overlap with an annotated box of the class from which a box is right.
        rule: How boxes are matched, see `match`.

    Raises:
        PodiumError: If `precision` is no share, or the predictions do not cover the images.
    """
    if not 0.0 < precision <= 1.0:
        raise PodiumError(f"precision must be above 0 and at most 1, but is {precision:g}")
    matches = match(gt, predictions, iou_thrs=(iou_thr,), rule=rule)
    chosen = []
    for label, name in enumerate(gt.categories.names):
        levels = levels_of(matches, label)
        tp, fp = levels.counts()
        place = -1
        if len(tp):
            place = int(lowest_precise(tp, fp, np.array([precision]), min_support)[0])
        if place < 0:
            chosen.append(ClassThreshold(name, None, float("nan"), 0.0, len(levels.level)))
            continue
        counts = counts_at(levels, tp, fp, place)
        found = (counts.precision, counts.recall, counts.tp + counts.fp)
        chosen.append(ClassThreshold(name, float(levels.scores[place]), *found))
    return tuple(chosen)
