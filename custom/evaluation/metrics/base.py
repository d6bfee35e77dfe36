"""What a metric is: parameters of the matching, a value from the matches, and what follows from it.

A metric is added by one file with a `METRICS` tuple and one row in `metrics/__init__.py`; whatever
scores, compares, searches, reviews or prints asks the `Metric` and knows no name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray
from custom.evaluation.matches import Integers, Matches

# From matches, and optionally how often each image stands in the data set, to one value a class.
PerClass = Callable[[Matches, Integers | None], FloatArray]
Overall = Callable[[Matches, Integers | None], float]
LOG_PREFIX = "coco"
# Where a training's log has the score threshold that a metric was taken at.
SCORE_THR_KEY = f"{LOG_PREFIX}/score_thr"


@dataclass(frozen=True)
class Metric:
    """A metric and where it is defined.

    Attributes:
        name: What it is called in `score`, in configs and in files.
        iou_thrs: The thresholds at which detections match.
        per_class: From matches to one value a class, NaN where a class has nothing to score.
        source: The published definition.
        area: The area range of annotated boxes that count.
        max_dets: How many detections of an image and class count.
        rule: How detections take boxes, see `match`.
        reference: The figure that pycocotools computes for it: "AP", "AR", or None.
        label: What tables call it; the name if empty.
        log_name: What a training's log calls it, as MMDetection does; the name if empty.
        greater_is_better: The direction of an improvement.
        punishes_false_boxes: Every false box lowers it, whatever its score, so that it is taken at
            the score threshold that is best on out-of-fold predictions.
        overall: From matches to the value, where that is not the mean over the classes.
    """

    name: str
    iou_thrs: tuple[float, ...]
    per_class: PerClass
    source: str
    area: str = "all"
    max_dets: int = 100
    rule: str = "coco"
    reference: str | None = None
    label: str = ""
    log_name: str = ""
    greater_is_better: bool = True
    punishes_false_boxes: bool = False
    overall: Overall | None = None

    @property
    def title(self) -> str:
        """What tables and messages call it."""
        return self.label or self.name

    @property
    def key(self) -> str:
        """The key of its value in a training's log."""
        return f"{LOG_PREFIX}/{self.short_key}"

    @property
    def short_key(self) -> str:
        """The key without the prefix that MMEngine puts before it."""
        return self.log_name or self.name

    def class_key(self, class_name: str) -> str:
        """Return the key of one class's value in a training's log."""
        return f"{LOG_PREFIX}/{class_name}_{self.name}"

    @property
    def is_matched_at_half(self) -> bool:
        """Whether its first threshold is IoU 0.5, by COCO's rule, of boxes of all sizes."""
        rule = (self.iou_thrs[0], self.area, self.max_dets, self.rule)
        return rule == (0.5, "all", 100, "coco")

    @property
    def is_of_labels(self) -> bool:
        """Whether it is one of labels of whole images or given regions, not of boxes found."""
        return self.rule == "equal"

    @property
    def sign(self) -> int:
        """What a value is multiplied by so that more is better: 1 or -1."""
        return 1 if self.greater_is_better else -1


def mean_of_known(values: FloatArray) -> float:
    """Return the mean of the values that are not NaN; NaN if there is none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def as_weights(matches: Matches, image_weights: Integers | None) -> FloatArray:
    """Return how often each image counts, shape (I,): once each where nothing is given."""
    if image_weights is None:
        return np.ones(matches.num_images)
    return np.asarray(image_weights, dtype=np.float64)


def above(iou_thrs: FloatArray | tuple[float, ...]) -> tuple[float, ...]:
    """Return thresholds that are reached by an IoU strictly above the given ones, and no other."""
    return tuple(np.nextafter(np.asarray(iou_thrs), np.inf).tolist())
