"""How a box's score and the classifier's become one: a parameter each, 0 leaves all as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray
from custom.errors import PodiumError
from custom.tables import Predictions


@dataclass(frozen=True)
class Method:
    """How scores are corrected.

    Attributes:
        name: What `--how` calls it.
        parameter: What its number is.
        tried: The numbers that are tried; the first leaves all as it is.
        scores: From scores (N,), the classifier's (N,) and the number to new scores.
    """

    name: str
    parameter: str
    tried: tuple[float, ...]
    scores: Callable[[FloatArray, FloatArray, float], FloatArray]


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method("multiply", "exponent", (0, 0.125, 0.25, 0.5, 1, 2, 4), lambda s, p, e: s * p**e),
        Method("blend", "weight", tuple(k / 10 for k in range(11)),
               lambda s, p, w: (1 - w) * s + w * p),
        Method("filter", "threshold", (0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9),
               lambda s, p, t: np.where(p >= t, s, -1.0)),
    )
}  # fmt: skip


def method_of(name: str) -> Method:
    """Return the method of that name.

    Raises:
        PodiumError: If there is none.
    """
    if name not in METHODS:
        raise PodiumError(f"--how must be one of {', '.join(METHODS)}, but is {name!r}")
    return METHODS[name]


def rescored(
    predictions: Predictions, opinions: FloatArray, method: Method, numbers: FloatArray
) -> Predictions:
    """Return boxes with corrected scores; those that a filter rejects are left out.

    Args:
        predictions: The boxes.
        opinions: Shape (N,), the classifier's score of each; NaN where it has none, which leaves
            the box as it is.
        method: How both become one.
        numbers: Shape (N,), the method's number for each box.
    """
    known = ~np.isnan(opinions)
    scores = predictions.scores.copy()
    scores[known] = method.scores(scores[known], opinions[known], numbers[known])
    return predictions.with_columns(scores=np.maximum(scores, 0.0)).keep(scores >= 0)
