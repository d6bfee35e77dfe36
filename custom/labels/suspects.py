"""Annotations that look wrong beside predictions of models that have not seen them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.labels.calibration import AGREES_IOU, confidences
from custom.labels.overlaps import TWICE_IOU, iou_in_parts, pairwise_iou
from custom.tables import GroundTruth, Predictions

MISSING, CLASS, LOCALIZATION, DUPLICATE = "missing", "class", "localization", "duplicate"
KINDS = (MISSING, CLASS, LOCALIZATION, DUPLICATE)

# A box that overlaps its prediction more than this is well localized; in trash-gt the predictions
# that agree have a median IoU of 0.9.
LOCALIZED_IOU = 0.65
# Below this the prediction means another object.
RELATED_IOU = 0.25
# Suspects below this are noise by any measure, and thousands of them.
MIN_SCORE = 0.05


@dataclass(frozen=True)
class Suspect:
    """One annotation, or lack of one, that looks wrong.

    Attributes:
        kind: The error type: "missing", "class", "localization" or "duplicate".
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


@dataclass(frozen=True)
class _Image:
    """One image's boxes: predictions with what they are worth, annotations, and overlaps."""

    index: int
    start: int
    bboxes: FloatArray
    labels: IntArray
    confidence: FloatArray
    gt_bboxes: FloatArray
    gt_labels: IntArray
    overlaps: FloatArray  # (N, M)

    def others_best(self, found: int, annotated: int) -> float:
        """Return the best overlap of a prediction with any annotation but one."""
        return float(np.delete(self.overlaps[found], annotated).max(initial=0.0))


def find_suspects(gt: GroundTruth, predictions: Predictions) -> list[Suspect]:
    """Return what looks wrong, the most suspicious first; at most one suspect an annotation.

    Args:
        gt: The annotations to look through.
        predictions: Out-of-fold, on the images of `gt` or more; of several models: fused.

    Raises:
        PodiumError: If the predictions lack images of `gt`.
    """
    predictions = predictions.aligned_to(gt.images.ids)
    sure = confidences(gt, predictions)
    suspects: list[Suspect] = []
    for index in range(len(gt.images)):
        found, annotated = predictions.rows(index), gt.rows(index)
        bboxes, gt_bboxes = predictions.bboxes[found], gt.bboxes[annotated]
        image = _Image(
            index, annotated.start, bboxes, predictions.labels[found], sure[found],
            gt_bboxes, gt.labels[annotated], pairwise_iou(bboxes, gt_bboxes),
        )  # fmt: skip
        suspects += _one_reading([*_missing(image), *_of_annotations(image)])
        suspects += _twice(image)
    suspects = [suspect for suspect in suspects if suspect.score >= MIN_SCORE]
    return sorted(suspects, key=lambda s: (-s.score, s.image, s.row is None, s.row or 0))


def _one_reading(suspects: Sequence[Suspect]) -> list[Suspect]:
    """Return suspects such that a prediction is not both a missing box and a localization error."""
    best: dict[tuple[float, ...], float] = {}
    rivals = [suspect for suspect in suspects if suspect.kind in (MISSING, LOCALIZATION)]
    for suspect in rivals:
        best[suspect.bbox] = max(best.get(suspect.bbox, 0.0), suspect.score)
    return [s for s in suspects if s.kind == CLASS or s.score == best[s.bbox]]


def _missing(image: _Image) -> Iterator[Suspect]:
    """Yield predictions that no annotation explains, nor a better prediction."""
    if not len(image.bboxes):
        return
    best = image.overlaps.max(axis=1, initial=0.0)
    unexplained = np.flatnonzero(best < AGREES_IOU)
    confidence = image.confidence
    for rows, overlaps in iou_in_parts(image.bboxes[unexplained], image.bboxes):
        among = overlaps >= AGREES_IOU
        surer = confidence[None] > confidence[unexplained[rows], None]
        for found in unexplained[rows][~(among & surer).any(axis=1)].tolist():
            yield _suspect(
                MISSING, float(confidence[found] * (1 - best[found])), image, None, found
            )


def _of_annotations(image: _Image) -> Iterator[Suspect]:
    """Yield annotations whose class or box the models contradict: the stronger of the two."""
    if not len(image.bboxes):
        return
    for annotated in range(len(image.gt_bboxes)):
        worst = max(_wrong_class(image, annotated), _wrong_place(image, annotated))
        score, kind, found = worst
        if score > 0:
            yield _suspect(kind, score, image, annotated, found)


def _wrong_class(image: _Image, annotated: int) -> tuple[float, str, int]:
    """Return how confidently another class is seen there, unless its own is seen there too."""
    overlaps = image.overlaps[:, annotated]
    there = overlaps >= AGREES_IOU
    same = image.labels == image.gt_labels[annotated]
    worth = np.where(there & ~same, image.confidence * overlaps, 0.0)
    found = int(worth.argmax())
    support = np.where(there & same, image.confidence, 0.0).max()
    # A prediction that explains another annotation of its class says nothing of this one.
    explained = np.delete(
        np.where(image.gt_labels == image.labels[found], image.overlaps[found], 0.0), annotated
    ).max(initial=0.0)
    return float(worth[found] * (1 - support) * (1 - explained)), CLASS, found


def _wrong_place(image: _Image, annotated: int) -> tuple[float, str, int]:
    """Return how confidently its class is seen beside it, where no prediction fits it."""
    overlaps = image.overlaps[:, annotated]
    same = image.labels == image.gt_labels[annotated]
    if np.where(same, overlaps, 0.0).max() >= LOCALIZED_IOU:
        return 0.0, LOCALIZATION, 0
    beside = np.where(same & (overlaps >= RELATED_IOU), image.confidence, 0.0)
    found = int(beside.argmax())
    # Half an overlap is the worst: less is another object, more is nearly agreement.
    half = 4 * overlaps[found] * (1 - overlaps[found])
    free = (1 - image.others_best(found, annotated)) ** 2
    return float(beside[found] * half * free), LOCALIZATION, found


def _twice(image: _Image) -> Iterator[Suspect]:
    """Yield annotations of an object that another annotation, better supported, has already."""
    if len(image.gt_bboxes) < 2:
        return
    for first, second, shared in _close_pairs(image.gt_bboxes):
        supports = [_support(image, annotated) for annotated in (first, second)]
        worse = first if supports[0] < supports[1] else second
        same = image.gt_labels[first] == image.gt_labels[second]
        # An exact copy is certainly a mistake.
        copied = 0.5 + 0.5 * (shared - TWICE_IOU) / (1 - TWICE_IOU)
        score = copied if same else shared * max(supports) * (1 - min(supports))
        bbox = tuple(image.gt_bboxes[worse].tolist())
        label = int(image.gt_labels[worse])
        yield Suspect(DUPLICATE, score, image.index, image.start + worse, bbox, label)


def _close_pairs(bboxes: FloatArray) -> Iterator[tuple[int, int, float]]:
    """Yield the pairs of boxes with an IoU of `TWICE_IOU` or more, in order, and that IoU."""
    for rows, overlaps in iou_in_parts(bboxes, bboxes):
        for row, second in np.argwhere(overlaps >= TWICE_IOU).tolist():
            if (first := rows.start + row) < second:
                yield first, second, float(overlaps[row, second])


def _support(image: _Image, annotated: int) -> float:
    """Return how confidently an annotation's class is seen where it is."""
    agrees = (image.overlaps[:, annotated] >= AGREES_IOU) & (
        image.labels == image.gt_labels[annotated]
    )
    return float(np.where(agrees, image.confidence, 0.0).max(initial=0.0))


def _suspect(kind: str, score: float, image: _Image, annotated: int | None, found: int) -> Suspect:
    row = None if annotated is None else image.start + annotated
    bbox = tuple(image.bboxes[found].tolist())
    return Suspect(kind, score, image.index, row, bbox, int(image.labels[found]))
