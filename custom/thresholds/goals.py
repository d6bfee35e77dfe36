"""What a threshold is chosen for: a precision, a recall, the best F1, the lowest cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from custom.boxes import FloatArray, IntArray
from custom.errors import PodiumError

# Counts, or shares of them.
Numbers = npt.NDArray[Any]
KINDS = ("precision", "recall", "f1", "cost")
# Fewer labels than these say little, whatever they say.
LEAST_SUPPORT = 20


@dataclass(frozen=True)
class Goal:
    """What a threshold is chosen for.

    Attributes:
        kind: One of `KINDS`.
        value: The precision or recall that is promised; 0 for the others.
        fp_cost: What a false positive costs.
        fn_cost: What a false negative costs.
    """

    kind: str
    value: float = 0.0
    fp_cost: float = 1.0
    fn_cost: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise PodiumError(f"the goal must be one of {', '.join(KINDS)}, but is {self.kind!r}")
        if self.is_promise and not 0 < self.value < 1:
            raise PodiumError(
                f"--{self.kind} must be above 0 and below 1, since no number of examples proves "
                f"that there is no error at all, but is {self.value:g}"
            )
        costs = (self.fp_cost, self.fn_cost)
        if not all(math.isfinite(cost) and cost > 0 for cost in costs):
            raise PodiumError(f"costs must be positive numbers, but are {costs}")

    def __str__(self) -> str:
        if self.is_promise:
            return f"{self.kind} {self.value:g}"
        if self.kind == "f1":
            return "best F1"
        return f"lowest cost, FP={self.fp_cost:g} FN={self.fn_cost:g}"

    @property
    def is_promise(self) -> bool:
        """Whether a value is promised, rather than the best one looked for."""
        return self.kind in ("precision", "recall")

    @property
    def figure(self) -> str:
        """What tables call the figure that it is about."""
        return {"f1": "F1", "cost": "cost per label"}.get(self.kind, self.kind)

    @property
    def min_support(self) -> int:
        """How many labels must stand behind a threshold.

        One wrong label among fewer than 1 / (1 - value) would break the promise.
        """
        return max(LEAST_SUPPORT, math.ceil(1 / (1 - self.value) - 1e-9)) if self.is_promise else 20

    def support(self, tp: Numbers, fp: Numbers, positives: float) -> Numbers:
        """Return how many labels the figure rests on: those given, or those there to be found."""
        return tp + fp if self.kind == "precision" else np.full(len(tp), positives)

    def parts(self, tp: Numbers, fp: Numbers, fn: Numbers) -> tuple[Numbers, ...]:
        """Return the two sums whose ratio is the figure, from counts of any shape."""
        if self.kind == "precision":
            return tp, tp + fp
        if self.kind == "recall":
            return tp, tp + fn
        if self.kind == "f1":
            return 2 * tp, 2 * tp + fp + fn
        return self.fp_cost * fp + self.fn_cost * fn, np.ones_like(tp)

    def choose(
        self, tp: IntArray, fp: IntArray, positives: int, targets: FloatArray, min_support: float
    ) -> IntArray:
        """Return for each target the place of the score to take from, shape (T,); -1 for none.

        The lowest score whose precision is the target's or more, the highest whose recall is, or
        the best F1 or cost, whatever the target.

        Args:
            tp: Shape (L,), how many are right from each score on.
            fp: Shape (L,), how many are wrong.
            positives: How many there are to be found.
            targets: Shape (T,).
            min_support: How many labels must stand behind it.
        """
        nothing = np.full(len(targets), -1)
        enough = self.support(tp, fp, positives) >= min_support
        if not len(tp) or not enough.any():
            return nothing
        if self.kind == "precision":
            return lowest_precise(tp, fp, targets, min_support)
        if self.kind == "recall":
            found = np.searchsorted(tp / positives, targets, side="left")
            return np.where(found < len(tp), found, -1)
        num, den = self.parts(tp, fp, positives - tp)
        if self.kind == "f1":
            return np.full(len(targets), int(np.argmax(num / den)))
        # Cheapest may be to say no always.
        return nothing if num.min() >= self.fn_cost * positives else nothing * 0 + int(num.argmin())


def lowest_precise(tp: IntArray, fp: IntArray, targets: FloatArray, min_support: float) -> IntArray:
    """Return for each target the last place whose precision is as high, shape (T,); -1 for none.

    Args:
        tp: Shape (L,), how many are right from each score on.
        fp: Shape (L,), how many are wrong.
        targets: Shape (T,).
        min_support: How many must be taken.
    """
    taken = tp + fp
    precision = np.divide(tp, taken, out=np.full(len(tp), -1.0), where=taken >= max(min_support, 1))
    best_from = np.maximum.accumulate(precision[::-1])[::-1]
    return np.searchsorted(-best_from, -targets, side="right") - 1


def goal_of(precision: float | None, recall: float | None, cost: str | None) -> Goal:
    """Return the goal of the command line; the best F1 where nothing else is given.

    Args:
        precision: To be promised.
        recall: To be promised.
        cost: Such as `FP=5,FN=1`.

    Raises:
        PodiumError: If a number is not what it must be.
    """
    if precision is not None:
        return Goal("precision", precision)
    if recall is not None:
        return Goal("recall", recall)
    if cost is None:
        return Goal("f1")
    try:
        given = {key.strip().upper(): float(value) for key, value in _pairs(cost)}
    except ValueError:
        given = {}
    if given.keys() != {"FP", "FN"}:
        raise PodiumError(f"--cost must be such as FP=5,FN=1, but is {cost!r}")
    return Goal("cost", fp_cost=given["FP"], fn_cost=given["FN"])


def _pairs(cost: str) -> list[list[str]]:
    """Return the keys and values of `FP=5,FN=1`; a part without "=" is a ValueError."""
    pairs = [part.split("=") for part in cost.split(",")]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError(cost)
    return pairs
