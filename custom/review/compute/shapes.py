"""AP by the size and by the aspect ratio of the annotated boxes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from custom.boxes import BoolArray, FloatArray, IntArray
from custom.evaluation import average_precision
from custom.evaluation.counting import HIT, IGNORED, MISS
from custom.evaluation.metrics.base import mean_of_known
from custom.review.compute.analysis import AREAS, Analysis

# Width over height: from the first to below the second.
ASPECTS: dict[str, tuple[float, float]] = {
    "tall": (0.0, 0.5),
    "even": (0.5, 2.0),
    "wide": (2.0, np.inf),
}


@dataclass(frozen=True, eq=False)
class Parts:
    """AP by groups of boxes.

    Attributes:
        names: K groups.
        ap: Shape (K, C), NaN where there are no boxes.
        num_gt: Shape (K, C).
    """

    names: tuple[str, ...]
    ap: FloatArray
    num_gt: IntArray

    @property
    def means(self) -> FloatArray:
        """The mean over the classes that have such boxes, shape (K,)."""
        return np.array([mean_of_known(values) for values in self.ap])


def ap_by_size(analysis: Analysis) -> Parts:
    """Return AP by COCO's sizes, as pycocotools has it."""
    matches = analysis.by_area
    names = AREAS[1:]
    ap = np.array([average_precision(matches, area=name)[0] for name in names])
    return Parts(names, ap, matches.num_gt[1:])


def ap_by_aspect(analysis: Analysis) -> Parts:
    """Return AP by width over height.

    Boxes of other aspect ratios, and what was found on them, count neither way; a detection that
    hits nothing counts in the group of its own.
    """
    matches = analysis.by_area
    assert matches.matched_gt is not None
    outcomes, matched = matches.outcomes[0, 0], matches.matched_gt[0, 0]
    own = analysis.predictions.bboxes[matches.rows]
    ap, num_gt = [], []
    for of_gt, of_detection in zip(_of_aspect(analysis.gt.bboxes), _of_aspect(own), strict=True):
        kept = np.where(outcomes == HIT, of_gt[matched], of_detection & (outcomes == MISS))
        ignored = matches.gt_ignored[:1] | ~of_gt
        part = replace(
            matches,
            areas=("all",),
            outcomes=np.where(kept, outcomes, IGNORED)[None, None],
            gt_ignored=ignored,
            matched_gt=None,
        )
        ap.append(average_precision(part)[0])
        num_gt.append(part.num_gt[0])
    return Parts(tuple(ASPECTS), np.array(ap), np.array(num_gt))


def _of_aspect(bboxes: FloatArray) -> Iterator[BoolArray]:
    """Yield, shape (N,), which boxes have each aspect ratio; one without height is wide."""
    width, height = bboxes[:, 2] - bboxes[:, 0], bboxes[:, 3] - bboxes[:, 1]
    for low, high in ASPECTS.values():
        yield (width >= low * height) & (
            (width < high * height) if np.isfinite(high) else np.bool_(True)
        )
