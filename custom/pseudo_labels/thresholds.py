"""The score from which boxes of a class are right often enough to be trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from custom.boxes import BoolArray
from custom.errors import PodiumError
from custom.evaluation import match
from custom.evaluation.curves import precision_recall
from custom.tables import Categories, GroundTruth, Predictions


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


def choose_thresholds(
    gt: GroundTruth,
    predictions: Predictions,
    precision: float = 0.8,
    min_support: int = 20,
    iou_thr: float = 0.5,
) -> tuple[ClassThreshold, ...]:
    """Return for each class the lowest score from which on boxes are precise enough.

    Args:
        gt: Annotated images that the model was not trained on.
        predictions: What it found there.
        precision: The share of the taken boxes that must be right.
        min_support: Boxes above the threshold that must stand behind it; a class that has less is
            left out, since three lucky boxes prove nothing.
        iou_thr: The overlap with an annotated box of the class from which a box is right.

    Raises:
        PodiumError: If `precision` is no share, or the predictions do not cover the images.
    """
    if not 0.0 < precision <= 1.0:
        raise PodiumError(f"precision must be above 0 and at most 1, but is {precision:g}")
    matches = match(gt, predictions, iou_thrs=(iou_thr,))
    chosen = []
    for label, name in enumerate(gt.categories.names):
        curve = precision_recall(matches, label)
        scores = matches.scores[matches.of_class(label)]
        support = np.searchsorted(-scores, -curve.scores, side="right")  # boxes from a score on
        good = np.flatnonzero((curve.precision >= precision) & (support >= min_support))
        if good.size:
            at = int(good[-1])
            found = (float(curve.precision[at]), float(curve.recall[at]), int(support[at]))
            chosen.append(ClassThreshold(name, float(curve.scores[at]), *found))
        else:
            chosen.append(ClassThreshold(name, None, float("nan"), 0.0, len(scores)))
    return tuple(chosen)


def above(
    predictions: Predictions, categories: Categories, thresholds: Sequence[ClassThreshold]
) -> BoolArray:
    """Return, shape (N,), which boxes reach their class's threshold; classes go by name.

    Raises:
        PodiumError: If a class has no threshold, not even that none of its boxes is taken.
    """
    limit_of = {t.name: np.inf if t.score_thr is None else t.score_thr for t in thresholds}
    unknown = [name for name in categories.names if name not in limit_of]
    if unknown:
        raise PodiumError(
            f"classes of the predictions must be among those of the out-of-fold annotations "
            f"({', '.join(limit_of)}), but {unknown[0]!r} is not"
        )
    limits = np.array([limit_of[name] for name in categories.names])
    return predictions.scores >= limits[predictions.labels]
