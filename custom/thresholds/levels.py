"""How many labels or boxes of a class are right and wrong from each score on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from custom.boxes import BoolArray, FloatArray, IntArray
from custom.evaluation import Matches
from custom.evaluation.counting import HIT, IGNORED


@dataclass(frozen=True, eq=False)
class Levels:
    """The scores of one class, falling, with what stands at each of them.

    Attributes:
        scores: Shape (L,), falling, each once.
        level: Shape (N,), each prediction's place in `scores`.
        is_hit: Shape (N,), whether it is right.
        image_index: Shape (N,).
        positives: Shape (I,), what is there to be found, by image.
        negatives: Shape (I,), labels that must not be given; None for boxes, of which there may be
            any number.
    """

    scores: FloatArray
    level: IntArray
    is_hit: BoolArray
    image_index: IntArray
    positives: IntArray
    negatives: IntArray | None

    def counts(self, images: BoolArray | None = None) -> tuple[IntArray, IntArray]:
        """Return how many from each score on are right and wrong, both of shape (L,).

        Args:
            images: Shape (I,), which images count; all if None.
        """
        rows = slice(None) if images is None else images[self.image_index]
        level, is_hit = self.level[rows], self.is_hit[rows]
        both = np.bincount(level, minlength=len(self.scores))
        right = np.bincount(level[is_hit], minlength=len(self.scores))
        return np.cumsum(right), np.cumsum(both - right)


def levels_of(matches: Matches, label: int) -> Levels:
    """Return a class's levels, at the first IoU threshold; what is ignored is left out."""
    part = matches.of_class(label)
    outcomes = matches.outcomes[0, 0, part]
    counted = outcomes != IGNORED
    scores = matches.scores[part][counted]
    first = np.append(True, np.diff(scores) != 0)[: len(scores)]
    decisions = matches.decisions if matches.rule == "equal" else None
    return Levels(
        scores=scores[first],
        level=np.cumsum(first) - 1,
        is_hit=(outcomes == HIT)[counted],
        image_index=matches.image_index[part][counted].astype(np.int64),
        positives=matches.counts[2][:, label],
        negatives=None if decisions is None else decisions.negatives[:, label],
    )
