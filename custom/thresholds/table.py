"""The operating table: what each threshold gets right and wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from custom.boxes import IntArray
from custom.thresholds.levels import Levels


@dataclass(frozen=True)
class Counts:
    """What a threshold does to the labels of a class.

    Attributes:
        tp: Positives that are found.
        fp: Labels given that are wrong.
        fn: Positives that are not found.
        tn: Negatives that are left alone; NaN for boxes, of which any number can be wrong.
    """

    tp: int
    fp: int
    fn: int
    tn: float = math.nan

    @property
    def precision(self) -> float:
        """The share of the labels given that are right; NaN if none is given."""
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else math.nan

    @property
    def recall(self) -> float:
        """The share of the positives that are found; NaN if there is none."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else math.nan

    @property
    def f1(self) -> float:
        """The harmonic mean of both; NaN if there is nothing to find and nothing given."""
        whole = 2 * self.tp + self.fp + self.fn
        return 2 * self.tp / whole if whole else math.nan


NOTHING = Counts(0, 0, 0)


def counts_at(levels: Levels, tp: IntArray, fp: IntArray, place: int) -> Counts:
    """Return the counts when labels down to a place of the levels are given; -1 for none."""
    right, wrong = (int(tp[place]), int(fp[place])) if place >= 0 else (0, 0)
    missed = int(levels.positives.sum()) - right
    negatives = math.nan if levels.negatives is None else int(levels.negatives.sum())
    return Counts(right, wrong, missed, negatives - wrong)


def operating_table(levels: Levels, score_thrs: Sequence[float]) -> tuple[Counts, ...]:
    """Return the counts of a class at each of some thresholds; labels from there on are given."""
    tp, fp = levels.counts()
    places = np.searchsorted(-levels.scores, -np.asarray(score_thrs), side="right") - 1
    return tuple(counts_at(levels, tp, fp, place) for place in places.tolist())
