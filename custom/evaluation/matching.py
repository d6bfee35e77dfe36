"""Matching a whole table of predictions to the ground truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from custom.boxes import BoolArray, FloatArray, IntArray
from custom.compiled.threads import over_ranges
from custom.errors import PodiumError
from custom.evaluation.items import rival_items
from custom.evaluation.kernels import (
    Detections,
    MatchArrays,
    Rule,
    Truth,
    can_be_matched,
    match_images,
)
from custom.evaluation.matches import COCO_AREAS, COCO_IOU_THRS, Integers, Matches
from custom.evaluation.ordering import group_rows, sort_by_score, transpose
from custom.tables import GroundTruth, Predictions

MATCHING_RULES = ("coco", "voc", "equal")


def match(
    gt: GroundTruth,
    predictions: Predictions,
    iou_thrs: Sequence[float] = COCO_IOU_THRS,
    areas: Sequence[str] = ("all",),
    max_dets: int = 100,
    rule: str = "coco",
    keep_gt: bool = False,
) -> Matches:
    """Match detections to annotated boxes, once, for everything that is computed from it.

    Args:
        gt: The annotated boxes.
        predictions: Detections on at least gt's images, in any order of images.
        iou_thrs: T thresholds; a detection matches from this IoU on.
        areas: Names of COCO's area ranges: all, small, medium, large.
        max_dets: How many detections of an image and class count.
        rule: "coco": a detection takes the best box that is still free. "voc": it takes the best
            box, and misses if that is already taken. "equal": for labels of images and regions,
            COCO's rule, but a crowd box is one label that is unknown, and not all that lies in it.
        keep_gt: Also keep which box each detection took.

    Raises:
        PodiumError: If an image of `gt` is not in `predictions`, a label is no class of `gt`, a
            number is not finite or a box has x2 < x1 or y2 < y1.
    """
    _check_parameters(iou_thrs, areas, max_dets, rule)
    predictions = aligned_and_checked(gt, predictions)
    rows, class_offsets = _by_class_and_score(gt, predictions)
    num_boxes, shape = len(rows), (len(areas), len(iou_thrs))
    # COCO lowers a threshold of 1, which rounding would make out of reach.
    thresholds = np.minimum(np.asarray(iou_thrs, dtype=np.float64), 1 - 1e-10)
    ranges = np.array([COCO_AREAS[name] for name in areas], dtype=np.float64)
    ignored = _ignored(gt, ranges)
    iscrowd = np.zeros_like(gt.iscrowd) if rule == "equal" else gt.iscrowd
    image_index = predictions.image_index.astype(np.int32)[rows]
    places, _ = group_rows(image_index, np.arange(num_boxes), len(gt.images))
    gt_by_class, _ = group_rows(gt.labels, np.arange(gt.num_boxes), len(gt.categories))
    gt_rows, _ = group_rows(gt.image_index, gt_by_class, len(gt.images))
    out = MatchArrays(
        np.zeros(num_boxes, np.int32),
        np.empty((num_boxes, *shape), np.int8),
        np.full((num_boxes if keep_gt else 0, *shape), -1, np.int32),
    )
    over_ranges(
        match_images, len(gt.images), num_boxes * shape[0] * shape[1],
        Detections(places, predictions.offsets, rows, predictions.bboxes, predictions.labels),
        Truth(gt_rows, gt.offsets, gt.bboxes, gt.labels, ignored[:, gt_rows], iscrowd),
        Rule(thresholds, ranges, max_dets, rule == "voc"), out,
    )  # fmt: skip
    items = rival_items(gt, predictions) if rule == "equal" else None
    return Matches(
        categories=gt.categories,
        image_ids=gt.images.ids,
        iou_thrs=np.array(iou_thrs, dtype=np.float64),
        areas=tuple(areas),
        max_dets=max_dets,
        class_offsets=class_offsets,
        rows=rows,
        image_index=image_index,
        scores=predictions.scores[rows],
        ranks=out.ranks,
        outcomes=_by_threshold(out.outcomes),
        gt_image_index=gt.image_index,
        gt_labels=gt.labels,
        gt_ignored=ignored,
        matched_gt=_by_threshold(out.matched) if keep_gt else None,
        rule=rule,
        items=None if items is None else items[rows],
        groups=gt.images.groups,
    )


def aligned_and_checked(gt: GroundTruth, predictions: Predictions) -> Predictions:
    """Return the predictions on gt's images in its order; the same object where they are.

    Raises:
        PodiumError: As `match`.
    """
    if not np.array_equal(gt.images.ids, predictions.image_ids):
        predictions = predictions.aligned_to(gt.images.ids)
    columns = (predictions.labels, predictions.scores, predictions.bboxes)
    if not can_be_matched(*columns, len(gt.categories)):
        _refuse(gt, predictions)
    return predictions


def _by_class_and_score(gt: GroundTruth, predictions: Predictions) -> tuple[IntArray, IntArray]:
    """Return the rows by class, then falling score, stable over images by ascending id."""
    ids, num_classes = gt.images.ids, len(gt.categories)
    order = np.arange(predictions.num_boxes)
    if len(ids) > 1 and (np.diff(ids) < 0).any():
        image_rank = np.argsort(np.argsort(ids))
        order, _ = group_rows(image_rank[predictions.image_index], order, len(ids))
    rows, class_offsets = group_rows(predictions.labels, order, num_classes)
    over_ranges(sort_by_score, num_classes, 2 * len(rows), rows, class_offsets, predictions.scores)
    return rows, class_offsets


def _by_threshold(values: Integers) -> npt.NDArray[Any]:
    """Return values (N, A, T) by area range and IoU threshold, shape (A, T, N)."""
    num, num_areas, num_thrs = values.shape
    shape = (num_areas, num_thrs, num)
    if num_areas * num_thrs <= 1:
        return values.reshape(shape)
    columns = np.empty((num_areas * num_thrs, num), values.dtype)
    over_ranges(transpose, num, values.size // 8, values.reshape(num, len(columns)), columns)
    return columns.reshape(shape)


def _ignored(gt: GroundTruth, ranges: FloatArray) -> BoolArray:
    """Return, shape (A, G), which annotated boxes do not count."""
    outside = (gt.area < ranges[:, :1]) | (gt.area > ranges[:, 1:])
    return outside | gt.iscrowd


def _check_parameters(
    iou_thrs: Sequence[float], areas: Sequence[str], max_dets: int, rule: str
) -> None:
    thresholds = np.asarray(iou_thrs, dtype=np.float64)
    if (
        thresholds.ndim != 1
        or not len(thresholds)
        or not ((thresholds > 0) & (thresholds <= 1)).all()
    ):
        raise PodiumError(f"iou_thrs must be numbers in (0, 1], but are {iou_thrs!r}")
    if unknown := [name for name in areas if name not in COCO_AREAS]:
        raise PodiumError(f"areas must be among {list(COCO_AREAS)}, but has {unknown[0]!r}")
    if max_dets < 1:
        raise PodiumError(f"max_dets must be at least 1, but is {max_dets}")
    if rule not in MATCHING_RULES:
        raise PodiumError(f"rule must be one of {MATCHING_RULES}, but is {rule!r}")


def _refuse(gt: GroundTruth, predictions: Predictions) -> NoReturn:
    """Name the first box that the kernels cannot order or compare."""
    labels, num_classes = predictions.labels, len(gt.categories)
    name = predictions.source or "predictions"
    if len(labels) and not 0 <= labels.min() <= labels.max() < num_classes:
        row = int(np.flatnonzero((labels < 0) | (labels >= num_classes))[0])
        raise PodiumError(
            f"{name}: labels must be 0..{num_classes - 1}, the classes of {gt.source}, but box "
            f"{_where(predictions, row)} has {labels[row]}"
        )
    finite = np.isfinite(predictions.scores) & np.isfinite(predictions.bboxes).all(axis=1)
    if not finite.all():
        row = int(np.flatnonzero(~finite)[0])
        raise PodiumError(
            f"{name}: boxes and scores must be finite numbers, but box {_where(predictions, row)} "
            f"has {predictions.bboxes[row].tolist()}, score {predictions.scores[row]}"
        )
    turned = (predictions.bboxes[:, 2:] < predictions.bboxes[:, :2]).any(axis=1)
    row = int(np.flatnonzero(turned)[0])
    raise PodiumError(
        f"{name}: boxes must be x1, y1, x2, y2 with x2 >= x1 and y2 >= y1, but box "
        f"{_where(predictions, row)} is {predictions.bboxes[row].tolist()} "
        f"({turned.sum()} such boxes); if they are x, y, width, height, convert them first"
    )


def _where(predictions: Predictions, row: int) -> str:
    """Say which box it is: its place on its image."""
    image = int(predictions.image_index[row])
    return f"{row - int(predictions.offsets[image])} of image id {predictions.image_ids[image]}"
