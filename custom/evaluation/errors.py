"""Which error type costs how much mAP, after TIDE.

Each detection that hits nothing has one error: its class (it lies on a box of another class), its
localization (it lies on a box of its class, not well enough), both, a duplicate of a better one, or
background. A box that no detection hits, nor would if its class or box were fixed, is missed.
Fixing one type and scoring again says what that type costs.

Source: Bolya et al. 2020, arXiv:2008.08115; equal to its implementation, tidecv 1.0.1, but for
classes without annotated boxes, which count there as an AP of 0 and here not at all, and for data
without any, where it divides by zero and we give NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from custom.boxes import BoolArray, FloatArray, IntArray
from custom.compiled.threads import over_ranges
from custom.errors import PodiumError
from custom.evaluation.average_precision import ap_of_class
from custom.evaluation.error_kernels import (
    BEYOND,
    BKG,
    BOTH,
    CLS,
    DUPE,
    LOC,
    NO_ERROR,
    Detections,
    Errors,
    Truth,
    classify_images,
)
from custom.evaluation.matching import aligned_and_checked
from custom.evaluation.metrics.base import mean_of_known
from custom.tables import GroundTruth, Predictions

MISSED = 6
# As in tidecv; pycocotools' own recalls differ from these in the last bit.
RECALLS: FloatArray = np.arange(101) / 100
ERROR_NAMES: dict[int, str] = {
    CLS: "classification",
    LOC: "localisation",
    BOTH: "both",
    DUPE: "duplicate",
    BKG: "background",
    MISSED: "missed",
}


@dataclass(frozen=True, eq=False)
class ErrorReport:
    """Which error type costs how much, and which boxes are concerned.

    Attributes:
        value: mAP at the IoU threshold, as TIDE has it: 100 detections of an image count.
        per_class: Shape (C,), AP; NaN for a class without boxes.
        gains: By error type, what mAP would gain if it were fixed; at least 0.
        class_gains: By error type, shape (C,), what each class's AP would gain.
        counts: By error type, shape (C,), how many there are: of the detections' class, or for
            missed boxes of the boxes' class.
        false_positive_gain: What mAP would gain if every detection that hits nothing came last.
        false_negative_gain: What mAP would gain if boxes that are not hit did not count.
        predictions: The table that the next three refer to, in the order of gt's images.
        kinds: Shape (N,): 0 a hit, 1 classification, 2 localisation, 3 both, 4 duplicate,
            5 background, -1 beyond the detections that count.
        gt_rows: Shape (N,), the box that was hit or that the error is about, or -1.
        ignored: Shape (N,), detections within a crowd, which count neither way.
        missed: Shape (G,), boxes that no detection hits, fixed or not.
    """

    value: float
    per_class: FloatArray
    gains: dict[str, float]
    class_gains: dict[str, FloatArray]
    counts: dict[str, IntArray]
    false_positive_gain: float
    false_negative_gain: float
    predictions: Predictions
    kinds: npt.NDArray[np.int8]
    gt_rows: IntArray
    ignored: BoolArray
    missed: BoolArray


def find_errors(
    gt: GroundTruth,
    predictions: Predictions,
    pos_thr: float = 0.5,
    bg_thr: float = 0.1,
    max_dets: int = 100,
) -> ErrorReport:
    """Find the error type of every detection, and what each type costs.

    Args:
        gt: The annotated boxes.
        predictions: Detections on at least gt's images.
        pos_thr: A detection hits from this IoU on.
        bg_thr: Up to this IoU a detection is on background.
        max_dets: How many detections of an image count, of all classes together.

    Raises:
        PodiumError: If the thresholds are not 0 <= bg_thr < pos_thr <= 1, or as for `match`.
    """
    if not 0 <= bg_thr < pos_thr <= 1:
        raise PodiumError(
            f"thresholds must be 0 <= bg_thr < pos_thr <= 1, but are {bg_thr} and {pos_thr}"
        )
    predictions = aligned_and_checked(gt, predictions)
    num_boxes = predictions.num_boxes
    order = np.lexsort((-predictions.scores, predictions.image_index))
    none, no_box = np.zeros(num_boxes, np.bool_), np.zeros(gt.num_boxes, np.bool_)
    out = Errors(
        np.full(num_boxes, BEYOND, np.int8), np.full(num_boxes, -1, np.int64),
        none, none.copy(), no_box, no_box.copy(),
    )  # fmt: skip
    over_ranges(
        classify_images, len(gt.images), num_boxes * 20,
        Detections(order, predictions.offsets, predictions.bboxes, predictions.labels),
        Truth(gt.offsets, gt.bboxes, gt.labels, gt.iscrowd), pos_thr, bg_thr, max_dets, out,
    )  # fmt: skip
    not_hit = ~out.used & ~gt.iscrowd
    found = _Found(gt, predictions, order, out.kinds, out.gt_rows, out.ignored, out.fixes)
    return _report(found, not_hit & ~out.usable, not_hit)


@dataclass(frozen=True, eq=False)
class _Found:
    """The detections with their errors, and AP when some of them are fixed."""

    gt: GroundTruth
    predictions: Predictions
    order: IntArray
    kinds: npt.NDArray[np.int8]
    gt_rows: IntArray
    ignored: BoolArray
    fixes: BoolArray

    def ap(self, fixed_type: int | None = None, not_counted: BoolArray | None = None) -> FloatArray:
        """Return AP by class (C,) with errors of one type fixed and some boxes not counted.

        A wrong class or box becomes right where that is free; every other detection with an
        error of that kind goes. Where scores tie, tidecv puts errors before hits once something
        is fixed.
        """
        is_hit = self.kinds == NO_ERROR
        stays = is_hit | ((self.kinds > NO_ERROR) & ~self.ignored)
        labels = self.predictions.labels
        if fixed_type is not None:
            of_kind = self.kinds == fixed_type
            fixed = of_kind & self.fixes
            is_hit, stays = is_hit | fixed, (stays & ~of_kind) | fixed
            labels = labels.copy()
            labels[fixed] = self.gt.labels[self.gt_rows[fixed]]
        was_hit = (self.kinds == NO_ERROR) & (fixed_type is not None or not_counted is not None)
        return self._ap_of(labels, self.predictions.scores, is_hit, stays, was_hit, not_counted)

    def ap_without_false_positives(self) -> FloatArray:
        """Return AP by class (C,) if every detection that hits nothing came last."""
        is_hit = self.kinds == NO_ERROR
        stays = is_hit | ((self.kinds > NO_ERROR) & ~self.ignored)
        return self._ap_of(self.predictions.labels, is_hit.astype(float), is_hit, stays, is_hit)

    def _ap_of(
        self,
        labels: IntArray,
        scores: FloatArray,
        is_hit: BoolArray,
        stays: BoolArray,
        comes_last: BoolArray,
        not_counted: BoolArray | None = None,
    ) -> FloatArray:
        """Return AP by class (C,) of the detections that stay; of ties some come last."""
        counted = ~self.gt.iscrowd
        num_classes = len(self.gt.categories)
        annotated = np.bincount(self.gt.labels[counted], minlength=num_classes) > 0
        values = np.where(annotated, 0.0, np.nan)
        if not_counted is not None:
            counted = counted & ~not_counted
        num_gt = np.bincount(self.gt.labels[counted], minlength=num_classes)
        rows = self.order[stays[self.order]]
        rows = rows[np.lexsort((comes_last[rows], -scores[rows], labels[rows]))]
        bounds = np.searchsorted(labels[rows], np.arange(num_classes + 1))
        for label in np.flatnonzero(num_gt):
            part = is_hit[rows[bounds[label] : bounds[label + 1]]].astype(np.int8)
            zeros = np.zeros(len(part), np.int32)
            values[label] = ap_of_class(
                part, zeros, zeros, num_gt[label], np.ones(1, np.int32), 1, RECALLS,
                np.empty(len(part)), np.empty(len(part), np.int64),
            )  # fmt: skip
        return values


def _report(found: _Found, missed: BoolArray, not_hit: BoolArray) -> ErrorReport:
    base = found.ap()
    value = mean_of_known(base)
    fixed = {name: found.ap(kind) for kind, name in ERROR_NAMES.items() if kind != MISSED}
    fixed[ERROR_NAMES[MISSED]] = found.ap(not_counted=missed)
    num_classes = len(base)
    counts = {
        name: np.bincount(found.predictions.labels[found.kinds == kind], minlength=num_classes)
        for kind, name in ERROR_NAMES.items()
    }
    counts[ERROR_NAMES[MISSED]] = np.bincount(found.gt.labels[missed], minlength=num_classes)
    gains = {name: float(np.maximum(mean_of_known(ap) - value, 0)) for name, ap in fixed.items()}
    return ErrorReport(
        value, base, gains, {name: ap - base for name, ap in fixed.items()}, counts,
        mean_of_known(found.ap_without_false_positives()) - value,
        mean_of_known(found.ap(not_counted=not_hit)) - value,
        found.predictions, found.kinds, found.gt_rows, found.ignored, missed,
    )  # fmt: skip
