"""What a metric is: parameters of the matching, and a count over the matches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray
from custom.evaluation.matches import Integers, Matches

# From matches, and optionally how often each image stands in the data set, to one value a class.
PerClass = Callable[[Matches, Integers | None], FloatArray]


@dataclass(frozen=True)
class Metric:
    """A metric and where it is defined.

    Attributes:
        name: What it is called in `score`.
        iou_thrs: The thresholds at which detections match.
        per_class: From matches to one value a class, NaN where a class has nothing to score.
        source: The published definition.
        area: The area range of annotated boxes that count.
        max_dets: How many detections of an image and class count.
        rule: How detections take boxes, see `match`.
        reference: The figure that pycocotools computes for it: "AP", "AR", or None.
    """

    name: str
    iou_thrs: tuple[float, ...]
    per_class: PerClass
    source: str
    area: str = "all"
    max_dets: int = 100
    rule: str = "coco"
    reference: str | None = None


def mean_of_known(values: FloatArray) -> float:
    """Return the mean of the values that are not NaN; NaN if there is none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def above(iou_thrs: FloatArray | tuple[float, ...]) -> tuple[float, ...]:
    """Return thresholds that are reached by an IoU strictly above the given ones, and no other."""
    return tuple(np.nextafter(np.asarray(iou_thrs), np.inf).tolist())
