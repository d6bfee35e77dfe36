"""One function that scores predictions by any of the metrics, with the kernels or the reference."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.errors import PodiumError
from custom.evaluation.matches import Integers, Matches
from custom.evaluation.matching import match
from custom.evaluation.metrics import DEFAULT_METRIC, Metric, metric_of
from custom.evaluation.metrics.base import mean_of_known
from custom.tables import GroundTruth, Predictions

BACKENDS = ("numba", "reference")
# Both add the same terms in another order; more than this is another definition.
AGREEMENT = 1e-10


@dataclass(frozen=True, eq=False)
class Score:
    """The value of a metric.

    Attributes:
        value: The mean over the classes that have boxes, or what else the metric says; NaN where
            there are none.
        per_class: Shape (C,), NaN for a class without boxes.
        metric: The metric's name.
        class_names: The C names.
        num_gt: Shape (C,), how many boxes count.
        checked: Whether pycocotools gave the same numbers.
        score_thr: Boxes of lower score are left out of account.
    """

    value: float
    per_class: FloatArray
    metric: str
    class_names: tuple[str, ...]
    num_gt: IntArray
    checked: bool = False
    score_thr: float = 0.0


def score(
    gt: GroundTruth,
    predictions: Predictions,
    metric: str = DEFAULT_METRIC,
    backend: str = "numba",
    max_dets: int | None = None,
) -> Score:
    """Score predictions on gt's images.

    Args:
        gt: The annotated boxes.
        predictions: Detections on at least gt's images, in any order of images.
        metric: A name in `METRICS`.
        backend: "numba", or "reference" for pycocotools itself, which knows COCO's metrics only.
        max_dets: How many detections of an image and class count; the metric's own if None.

    Raises:
        PodiumError: If the metric or backend is unknown, or predictions and gt do not fit.
    """
    chosen = _with_max_dets(metric_of(metric), max_dets)
    if backend not in BACKENDS:
        raise PodiumError(f"backend must be one of {BACKENDS}, but is {backend!r}")
    matches = match_for(gt, predictions, chosen)
    if backend == "numba":
        return score_matches(matches, chosen)
    per_class = _reference_per_class(gt, predictions, chosen)
    return _score_of(matches, chosen, per_class, mean_of_known(per_class))


def match_for(
    gt: GroundTruth, predictions: Predictions, metric: str | Metric, keep_gt: bool = False
) -> Matches:
    """Match predictions as a metric asks for; `keep_gt` as for `match`."""
    chosen = metric_of(metric)
    given = (chosen.iou_thrs, (chosen.area,), chosen.max_dets, chosen.rule)
    return match(gt, predictions, *given, keep_gt)


def score_matches(
    matches: Matches, metric: str | Metric = DEFAULT_METRIC, image_weights: Integers | None = None
) -> Score:
    """Score matches that `match_for` made for this metric.

    Args:
        matches: The matches.
        metric: The metric, or its name.
        image_weights: Shape (I,), whole numbers: how often each image stands in the data set.
    """
    chosen = metric_of(metric)
    asked = (chosen.iou_thrs, chosen.area, chosen.rule)
    made = (tuple(matches.iou_thrs.tolist()), matches.areas[0], matches.rule)
    if made != asked:
        raise PodiumError(
            f"matches for {chosen.name} must be made at IoU {asked[0]}, area {asked[1]}, rule "
            f"{asked[2]}, but are at {made[0]}, {made[1]}, {made[2]}: use match_for"
        )
    per_class = chosen.per_class(matches, image_weights)
    value = chosen.overall(matches, image_weights) if chosen.overall else mean_of_known(per_class)
    return _score_of(matches, chosen, per_class, value)


def checked_against_reference(
    gt: GroundTruth,
    predictions: Predictions,
    metric: str | Metric = DEFAULT_METRIC,
    max_dets: int | None = None,
    matches: Matches | None = None,
) -> Score:
    """Score with the kernels, and with pycocotools; for the numbers that a report ends with.

    Args:
        gt: The annotated boxes.
        predictions: Detections on gt's images.
        metric: The metric, or its name.
        max_dets: How many detections of an image and class count; the metric's own if None.
        matches: Of the predictions, as `match_for` makes them, where they were made already.

    Raises:
        PodiumError: If the two differ by more than 1e-10, or pycocotools does not know the metric.
    """
    chosen = _with_max_dets(metric_of(metric), max_dets)
    ours = score_matches(matches or match_for(gt, predictions, chosen), chosen)
    theirs = _reference_per_class(gt, predictions, chosen)
    if not np.allclose(ours.per_class, theirs, rtol=0, atol=AGREEMENT, equal_nan=True):
        value = mean_of_known(theirs)
        raise PodiumError(
            f"{chosen.name} must equal pycocotools', but is {ours.value!r} against {value!r} on "
            f"{predictions.source or 'predictions'}; please report this with the two files"
        )
    return replace(ours, checked=True)


def _with_max_dets(metric: Metric, max_dets: int | None) -> Metric:
    return metric if max_dets is None else replace(metric, max_dets=max_dets)


def _score_of(matches: Matches, metric: Metric, per_class: FloatArray, value: float) -> Score:
    names, num_gt = matches.categories.names, matches.num_gt[0]
    return Score(value, per_class, metric.name, names, num_gt)


def _reference_per_class(gt: GroundTruth, predictions: Predictions, metric: Metric) -> FloatArray:
    from custom.evaluation.reference import coco_eval, run_coco_eval

    if metric.reference is None:
        raise PodiumError(
            f"pycocotools knows only COCO's metrics, not {metric.name!r}: use backend='numba'"
        )
    evaluation = coco_eval(gt, predictions, metric.iou_thrs, (metric.area,), (metric.max_dets,))
    precision, recall = run_coco_eval(evaluation)
    if metric.reference == "AP":
        return precision[:, :, 0, 0].mean(axis=0)
    return recall[:, :, 0, 0].mean(axis=0)
