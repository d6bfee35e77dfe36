"""Precision-recall curves with the score at which each point is reached."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.errors import PodiumError
from custom.evaluation.counting import HIT, IGNORED
from custom.evaluation.matches import Matches


@dataclass(frozen=True, eq=False)
class Curve:
    """A class's precision and recall when only boxes of some score or more are kept.

    Attributes:
        scores: Shape (P,), falling, one point for each score that occurs.
        precision: Shape (P,).
        recall: Shape (P,); NaN where no boxes are annotated.
        envelope: Shape (P,), the best precision at this recall or a higher one, which AP averages.
        num_gt: How many boxes count.
        num_kept: Shape (P,), how many detections have that score or more.
    """

    scores: FloatArray
    precision: FloatArray
    recall: FloatArray
    envelope: FloatArray
    num_gt: int
    num_kept: IntArray

    def f_beta(self, beta: float = 1.0) -> FloatArray:
        """Return, shape (P,), the weighted harmonic mean of precision and recall.

        Args:
            beta: How many times as much recall matters as precision.
        """
        weighted = beta**2 * self.precision + self.recall
        product = (1 + beta**2) * self.precision * self.recall
        return np.divide(product, weighted, out=np.zeros_like(product), where=weighted > 0)

    def best_score_thr(self, beta: float = 1.0) -> float:
        """Return the score threshold of the highest F; NaN where there is no curve."""
        values = self.f_beta(beta)
        if self.num_gt == 0 or not len(values):
            return float("nan")
        return float(self.scores[values.argmax()])


def precision_recall(matches: Matches, label: int, iou_index: int = 0, area: str = "all") -> Curve:
    """Return the curve of one class at one of the IoU thresholds matched.

    Detections of equal score enter together, as a threshold would let them in.
    """
    if not 0 <= label < matches.num_classes:
        raise PodiumError(f"label must be 0..{matches.num_classes - 1}, but is {label}")
    if area not in matches.areas:
        raise PodiumError(f"area must be among those matched, {matches.areas}, but is {area!r}")
    index, part = matches.areas.index(area), matches.of_class(label)
    outcomes = matches.outcomes[index, iou_index, part]
    counted = outcomes != IGNORED
    scores, hits = matches.scores[part][counted], outcomes[counted] == HIT
    num_gt = int(matches.num_gt[index, label])
    last_of_score = np.flatnonzero(np.append(np.diff(scores) != 0, True))[: len(scores)]
    tp = np.cumsum(hits)[last_of_score]
    num_kept = last_of_score + 1
    precision = tp / num_kept
    recall = tp / num_gt if num_gt else np.full(len(tp), np.nan)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return Curve(scores[last_of_score], precision, recall, envelope, num_gt, num_kept)
