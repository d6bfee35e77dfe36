"""What costs most, as the first lines of the review say it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray
from custom.evaluation import DEFAULT_METRIC
from custom.review.compute.analysis import Analysis

SHOWN = 3
CLASSES_NAMED = 3
# Less is printed as 0.000.
SMALLEST_SHARE = 0.0005


@dataclass(frozen=True)
class Loss:
    """What one error type, or one weak class, costs.

    Attributes:
        points: What would be gained if it were fixed: AP50 for an error type, after TIDE; the
            competition's metric for a class.
        kind: The error type; of a class, the one that costs it most; empty if none does.
        label: The class; None where the loss is an error type in all of them.
        shares: The classes with most of that type, each with its part of the points.
    """

    points: float
    kind: str
    label: int | None = None
    shares: tuple[tuple[int, float], ...] = ()


def greatest_losses(analysis: Analysis, shown: int = SHOWN) -> list[Loss]:
    """Return the greatest losses, the greatest first; one of them is the weakest class.

    An error type costs what fixing it everywhere would give. A class costs what it would give to be
    as good as the mean of the others. Where the metric is not AP50 the two do not compare, and the
    class comes last.
    """
    kinds = sorted(_of_kinds(analysis), key=lambda loss: -loss.points)
    weakest = weakest_class(analysis)
    chosen = [*kinds[: shown - 1], weakest] if weakest else kinds[:shown]
    found = [loss for loss in chosen if loss.points > 0]
    comparable = analysis.metric.name == DEFAULT_METRIC
    return sorted(found, key=lambda loss: (not comparable and loss.label is not None, -loss.points))


def weakest_class(analysis: Analysis) -> Loss | None:
    """Return the class of the worst score; None where there are not two to compare."""
    ap = analysis.metric.sign * analysis.score.per_class
    known = np.flatnonzero(~np.isnan(ap))
    if len(known) < 2:
        return None
    label = int(known[np.argmin(ap[known])])
    others = known[known != label]
    gains = {kind: values[label] for kind, values in analysis.errors.class_gains.items()}
    kind = max(gains, key=lambda name: gains[name])
    points = float(ap[others].mean() - ap[label]) / len(known)
    return Loss(points, kind if gains[kind] > 0 else "", label)


def points_by_class(values: FloatArray) -> FloatArray:
    """Return what changes of AP by class (C,) change in the mean over classes; NaN stays NaN."""
    return values / max(int((~np.isnan(values)).sum()), 1)


def _of_kinds(analysis: Analysis) -> list[Loss]:
    errors = analysis.errors
    losses = []
    for kind, gain in errors.gains.items():
        points = points_by_class(errors.class_gains[kind])
        order = np.argsort(-np.nan_to_num(points), kind="stable")[:CLASSES_NAMED]
        shares = tuple((int(k), float(points[k])) for k in order if points[k] >= SMALLEST_SHARE)
        losses.append(Loss(float(np.nan_to_num(gain)), kind, None, shares))
    return losses
