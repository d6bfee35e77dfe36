"""What scored labels of images and regions decide: counts by image and class.

Where classes are independent, every label that is left (see `Matches.without`) says yes. Where they
exclude each other, only the highest score of an item does; of equal ones the first class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from custom.boxes import BoolArray, FloatArray, IntArray
from custom.compiled.jit import jit
from custom.evaluation.counting import IGNORED, count_outcomes

if TYPE_CHECKING:
    from custom.evaluation.matches import Int8Array, Matches


@dataclass(frozen=True, eq=False)
class Decisions:
    """Right and wrong decisions; all of shape (I, C), and unknown labels are in none of them.

    Attributes:
        tp: Positive labels said to be so.
        fp: Negative labels said to be positive.
        positives: Positive labels.
        negatives: Negative labels.
        exclusive: Whether classes exclude each other.
    """

    tp: IntArray
    fp: IntArray
    positives: IntArray
    negatives: IntArray
    exclusive: bool

    def totals(self, image_weights: FloatArray) -> tuple[FloatArray, ...]:
        """Return TP, FP, positives and negatives by class, each of shape (C,).

        Args:
            image_weights: Shape (I,), how often each image counts.
        """
        columns = (self.tp, self.fp, self.positives, self.negatives)
        return tuple(image_weights @ column for column in columns)


def decide(matches: Matches) -> Decisions:
    """Return what the labels of matches by the rule "equal" decide, at their first threshold."""
    outcomes = matches.outcomes[0, :1]
    if matches.items is not None:
        outcomes = np.where(_highest(matches, outcomes[0]), outcomes, IGNORED)
    shape = (1, matches.num_images, matches.num_classes)
    hits, misses = (np.zeros(shape, np.int64) for _ in range(2))
    count_outcomes(outcomes, matches.image_index, matches.class_offsets, hits, misses)
    ignored = matches.gt_ignored[0]
    positives, unknown = (_by_image(matches, rows) for rows in (~ignored, ignored))
    num_items = np.maximum(_num_labels(matches), positives + unknown).max(axis=1, keepdims=True)
    negatives = num_items - positives - unknown
    return Decisions(hits[0], misses[0], positives, negatives, matches.items is not None)


def ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Return part / whole, NaN where the whole is 0."""
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


def _num_labels(matches: Matches) -> IntArray:
    """Return how many labels of each image and class are scored, shape (I, C): one an item."""
    cells = matches.image_index * np.int64(matches.num_classes) + matches.labels
    shape = (matches.num_images, matches.num_classes)
    return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)


def _by_image(matches: Matches, rows: BoolArray) -> IntArray:
    """Return how many of the annotated labels `rows` (G,) each image and class has, (I, C)."""
    shape = (matches.num_images, matches.num_classes)
    cells = matches.gt_image_index[rows] * shape[1] + matches.gt_labels[rows]
    return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)


def _highest(matches: Matches, outcomes: Int8Array) -> BoolArray:
    """Return which labels have the highest score of their item, shape (N,)."""
    assert matches.items is not None
    highest = np.full(int(matches.items.max(initial=-1)) + 1, -1, np.int64)
    _find_highest(outcomes, matches.items, matches.scores, highest)
    chosen = np.zeros(len(outcomes), np.bool_)
    chosen[highest[highest >= 0]] = True
    return chosen


@jit
def _find_highest(
    outcomes: Int8Array, items: IntArray, scores: FloatArray, highest: IntArray
) -> None:  # pragma: no cover
    """Write the place of each item's highest score to `highest`; labels come class by class."""
    for j in range(len(outcomes)):
        if outcomes[j] == IGNORED:
            continue
        best = highest[items[j]]
        if best < 0 or scores[j] > scores[best]:
            highest[items[j]] = j
