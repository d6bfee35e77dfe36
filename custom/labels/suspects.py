"""Annotations that look wrong beside predictions of models that have not seen them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from custom.boxes import BoolArray, FloatArray, IntArray
from custom.labels.calibration import (
    AGREES_IOU,
    agreement,
    confidences,
    mislabelled,
    misplaced,
    unlabelled,
)
from custom.labels.overlaps import TWICE_IOU, Related, iou_in_parts, relate
from custom.tables import GroundTruth, Predictions

MISSING, CLASS, LOCALIZATION, DUPLICATE = "missing", "class", "localization", "duplicate"
KINDS = (MISSING, CLASS, LOCALIZATION, DUPLICATE)
# Of images and regions: a label that is one too many.
EXTRA = "extra"

# A box that overlaps its prediction more than this is well localized; in trash-gt the predictions
# that agree have a median IoU of 0.9.
LOCALIZED_IOU = 0.65
# Suspects below this are noise by any measure, and thousands of them.
MIN_SCORE = 0.05


@dataclass(frozen=True)
class Suspect:
    """One annotation, or lack of one, that looks wrong.

    Attributes:
        kind: The error type: "missing", "class", "localization", "duplicate" or "extra".
        score: How much it looks wrong, 0 to 1; comparable between types.
        image: Position of the image.
        row: Row of the annotated box; None where one is missing.
        bbox: What the models see, xyxy; the annotated box itself for a duplicate.
        label: What the models see.
    """

    kind: str
    score: float
    image: int
    row: int | None
    bbox: tuple[float, float, float, float]
    label: int


@dataclass(frozen=True, eq=False)
class _Evidence:
    """What the models see of each annotation, and how much it is worth.

    Attributes:
        related: Which predictions overlap which annotations.
        sure: Shape (N,), how likely each prediction is right.
        same: Shape (P,), where a pair is of one class.
        support: Shape (M,), how confidently an annotation's class is seen where it is.
        explains: Shape (N,), where a prediction agrees with an annotation.
        in_vain: Shape (C,), how confidently, summed up, a class is seen where none is annotated.
    """

    gt: GroundTruth
    predictions: Predictions
    related: Related
    sure: FloatArray
    same: BoolArray
    support: FloatArray
    explains: BoolArray
    in_vain: FloatArray


@dataclass(frozen=True, eq=False)
class _Doubts:
    """Of each annotation, shape (M,): how much it looks wrong in one way, by which prediction."""

    score: FloatArray
    found: IntArray


def find_suspects(gt: GroundTruth, predictions: Predictions) -> list[Suspect]:
    """Return what looks wrong, the most suspicious first; at most one suspect an annotation.

    Args:
        gt: The annotations to look through.
        predictions: Out-of-fold, on the images of `gt` or more; of several models: fused.

    Raises:
        PodiumError: If the predictions lack images of `gt`.
    """
    seen = _gather(gt, predictions.aligned_to(gt.images.ids))
    missing = _missing(seen)
    moved = _localization(seen)
    # A prediction is not both a missing box and the right place of another.
    best = missing.copy()
    np.maximum.at(best, moved.found, moved.score)
    missing[missing < best] = 0
    moved.score[moved.score < best[moved.found]] = 0
    suspects = [
        *_of_predictions(seen, missing),
        *_of_annotations(seen, _class(seen), moved),
        *_duplicates(seen),
    ]
    suspects = [suspect for suspect in suspects if suspect.score >= MIN_SCORE]
    return sorted(suspects, key=lambda s: (-s.score, s.image, s.row is None, s.row or 0))


def _gather(gt: GroundTruth, predictions: Predictions) -> _Evidence:
    related = relate(predictions, gt)
    explains = agreement(gt, predictions, related)
    sure = confidences(gt, predictions, explains)
    same = predictions.labels[related.found] == gt.labels[related.annotated]
    support = np.zeros(gt.num_boxes)
    agrees = same & (related.iou >= AGREES_IOU)
    np.maximum.at(support, related.annotated[agrees], sure[related.found[agrees]])
    in_vain = np.zeros(len(gt.categories))
    np.add.at(in_vain, predictions.labels[~explains], sure[~explains])
    return _Evidence(gt, predictions, related, sure, same, support, explains, in_vain)


def _missing(seen: _Evidence) -> FloatArray:
    """Return, shape (N,), how likely a prediction is an object without annotation.

    Zero where an annotation explains it, or a better prediction.
    """
    alone = _unexplained(seen)
    scores = np.zeros(len(seen.sure))
    labels = seen.predictions.labels[alone]
    scores[alone] = unlabelled(labels, seen.sure[alone], seen.in_vain)
    return scores * (1 - seen.related.best)


def _unexplained(seen: _Evidence) -> IntArray:
    """Return the rows of predictions that no annotation explains, nor a better prediction."""
    bboxes, sure = seen.predictions.bboxes, seen.sure
    free = seen.related.best < AGREES_IOU
    rows: list[IntArray] = [np.zeros(0, np.int64)]
    for index in np.flatnonzero(np.diff(seen.predictions.offsets)).tolist():
        own = seen.predictions.rows(index)
        candidates = own.start + np.flatnonzero(free[own])
        for part, overlaps in iou_in_parts(bboxes[candidates], bboxes[own]):
            chosen = candidates[part]
            stronger = sure[own][None] > sure[chosen, None]
            rows.append(chosen[~((overlaps >= AGREES_IOU) & stronger).any(axis=1)])
    return np.concatenate(rows)


def _class(seen: _Evidence) -> _Doubts:
    """Score by how confidently another class is seen there, where the annotated class is not.

    A prediction that explains another annotation of its class says nothing of this one.
    """
    related, labels = seen.related, seen.predictions.labels
    there = (related.iou >= AGREES_IOU) & ~seen.explains[related.found] & ~seen.same
    found, annotated = related.found[there], related.annotated[there]
    wrong = mislabelled(seen.gt.labels[annotated], labels[found], seen.sure[found], seen.in_vain)
    wrong *= related.iou[there] * (1 - seen.support[annotated])
    return _strongest(wrong, found, annotated, seen.gt.num_boxes)


def _localization(seen: _Evidence) -> _Doubts:
    """Score by how confidently the class is seen beside an annotation that nothing fits."""
    related = seen.related
    fit = np.zeros(seen.gt.num_boxes)
    np.maximum.at(fit, related.annotated[seen.same], related.iou[seen.same])
    beside = seen.same & (fit[related.annotated] < LOCALIZED_IOU)
    found, annotated, iou = related.found[beside], related.annotated[beside], related.iou[beside]
    # Half an overlap is the worst: less is another object, more is nearly agreement.
    half = 4 * iou * (1 - iou)
    others = np.where(iou < related.best[found], related.best[found], related.second[found])
    best = _strongest(seen.sure[found], found, annotated, seen.gt.num_boxes)
    chosen = best.found[annotated] == found
    wrong = misplaced(iou, seen.sure[found], fit[fit > 0])
    score = wrong * half * (1 - others) ** 2
    return _strongest(score[chosen], found[chosen], annotated[chosen], seen.gt.num_boxes)


def _strongest(score: FloatArray, found: IntArray, annotated: IntArray, count: int) -> _Doubts:
    """Return the pair of the highest score for each annotation, 0..count-1; of equals the first."""
    order = np.lexsort((-found, score))
    best, by = np.zeros(count), np.zeros(count, np.int64)
    best[annotated[order]], by[annotated[order]] = score[order], found[order]
    return _Doubts(best, by)


def _of_predictions(seen: _Evidence, scores: FloatArray) -> Iterator[Suspect]:
    images = np.repeat(np.arange(len(seen.gt.images)), np.diff(seen.predictions.offsets))
    for found in np.flatnonzero(scores >= MIN_SCORE).tolist():
        yield _suspect(seen, MISSING, float(scores[found]), int(images[found]), None, found)


def _of_annotations(seen: _Evidence, classes: _Doubts, places: _Doubts) -> Iterator[Suspect]:
    """Yield the stronger of the two doubts about each annotation."""
    images = seen.gt.image_index
    for row in np.flatnonzero(np.maximum(classes.score, places.score) >= MIN_SCORE).tolist():
        kind, doubts = max((LOCALIZATION, places), (CLASS, classes), key=lambda d: d[1].score[row])
        found = int(doubts.found[row])
        yield _suspect(seen, kind, float(doubts.score[row]), int(images[row]), row, found)


def _duplicates(seen: _Evidence) -> Iterator[Suspect]:
    """Yield annotations of an object that another annotation, better supported, has already."""
    gt = seen.gt
    for image in np.flatnonzero(np.diff(gt.offsets) > 1).tolist():
        for first, second, shared in _close_pairs(gt, image):
            worse, better = first, second
            if seen.support[first] >= seen.support[second]:
                worse, better = second, first
            # An exact copy is certainly a mistake.
            copied = 0.5 + 0.5 * (shared - TWICE_IOU) / (1 - TWICE_IOU)
            same = gt.labels[first] == gt.labels[second]
            doubt = shared * seen.support[better] * (1 - seen.support[worse])
            score = float(copied if same else doubt)
            bbox = tuple(gt.bboxes[worse].tolist())
            yield Suspect(DUPLICATE, score, image, worse, bbox, int(gt.labels[worse]))


def _close_pairs(gt: GroundTruth, image: int) -> Iterator[tuple[int, int, float]]:
    """Yield the rows of boxes with an IoU of `TWICE_IOU` or more, in order, and that IoU."""
    own = gt.rows(image)
    for part, overlaps in iou_in_parts(gt.bboxes[own], gt.bboxes[own]):
        for row, column in np.argwhere(overlaps >= TWICE_IOU).tolist():
            first, second = own.start + part.start + row, own.start + column
            if first < second:
                yield first, second, float(overlaps[row, column])


def _suspect(
    seen: _Evidence, kind: str, score: float, image: int, row: int | None, found: int
) -> Suspect:
    bbox = tuple(seen.predictions.bboxes[found].tolist())
    return Suspect(kind, score, image, row, bbox, int(seen.predictions.labels[found]))
