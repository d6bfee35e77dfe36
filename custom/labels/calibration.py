"""What a score means: how often a box of this class and score agrees with the annotations."""

from __future__ import annotations

import numpy as np

from custom.boxes import BoolArray, FloatArray, IntArray
from custom.labels.overlaps import Related
from custom.tables import GroundTruth, Predictions

AGREES_IOU = 0.5
# Fewer boxes than this, or none of one outcome, say too little of a class: all classes speak.
MIN_BOXES = 50
# What wrong and missing labels weigh before anything is known of a class. The order of either
# hardly depends on it; together they make equal scores about equally often errors.
MISLABELLED = 0.2
UNLABELLED = 0.5
MISPLACED = 0.2
# As many confusions are assumed of a class before any is counted.
_RARE = 5.0
_RIDGE = 1.0
_STEPS = 25


def agreement(gt: GroundTruth, predictions: Predictions, related: Related) -> BoolArray:
    """Return, shape (N,), where a predicted box overlaps an annotated one of its class."""
    same = predictions.labels[related.found] == gt.labels[related.annotated]
    agrees = np.zeros(predictions.num_boxes, bool)
    agrees[related.found[same & (related.iou >= AGREES_IOU)]] = True
    return agrees


def confidences(gt: GroundTruth, predictions: Predictions, agrees: BoolArray) -> FloatArray:
    """Return how likely each predicted box is to agree with the annotations, shape (N,).

    A logistic curve over the log-odds of the score is fitted for each class, as confident
    learning sets a threshold for each class: a class that the model is always sure of must be
    surer to count, and labels with errors lower all of a class alike, not its order.

    Args:
        gt: The annotations, with whatever errors they have.
        predictions: Out-of-fold, on the images of `gt` in their order.
        agrees: Shape (N,), of `agreement`.

    Source: after Northcutt et al. 2021, "Confident learning", arXiv:1911.00068; the curve is
        Platt's.
    """
    logits = _logits(predictions.scores)
    common = _fit(logits, agrees)
    result = np.zeros(len(logits))
    for label in range(len(gt.categories)):
        rows = predictions.labels == label
        hits = int(agrees[rows].sum())
        enough = rows.sum() >= MIN_BOXES and 0 < hits < rows.sum()
        offset, slope = _fit(logits[rows], agrees[rows]) if enough else common
        result[rows] = _sigmoid(offset + slope * logits[rows])
    return result


def mislabelled(
    annotated: IntArray, seen: IntArray, sure: FloatArray, in_vain: FloatArray
) -> FloatArray:
    """Return how likely an annotation's class is wrong where a model sees another, shape (P,).

    A model that often takes bags for paper says little when it does so once more; one that
    never does says much. So the share of wrong labels to expect among sure sightings is compared
    with how often that confusion is found.

    Args:
        annotated: Shape (P,), the annotated classes.
        seen: Shape (P,), the other classes that are seen there.
        sure: Shape (P,), how likely each prediction is right (`confidences`).
        in_vain: Shape (C,), how confidently, summed up, each class is seen where none of it is
            annotated, be it another class or nothing.
    """
    num_classes = len(in_vain)
    confusion = np.zeros((num_classes, num_classes))
    np.add.at(confusion, (annotated, seen), sure)
    overall = confusion.sum(axis=1) / max(in_vain.sum(), 1e-12)
    confusion = (confusion + _RARE * overall[:, None]) / (in_vain + _RARE)
    return _posterior(MISLABELLED / max(num_classes - 1, 1), sure, confusion[annotated, seen])


def unlabelled(seen: IntArray, sure: FloatArray, in_vain: FloatArray) -> FloatArray:
    """Return how likely an annotation is missing where a model sees an object, shape (P,).

    As `mislabelled`, the confusion being with the background; `seen` are the classes seen.
    """
    alone = np.bincount(seen, sure, len(in_vain))
    overall = alone.sum() / max(in_vain.sum(), 1e-12)
    background = (alone + _RARE * overall) / (in_vain + _RARE)
    return _posterior(UNLABELLED, sure, background[seen])


def misplaced(iou: FloatArray, sure: FloatArray, fits: FloatArray) -> FloatArray:
    """Return how likely a box is elsewhere than annotated, shape (P,).

    A model that places boxes loosely says little with half an overlap; one whose boxes fit says
    much.

    Args:
        iou: Shape (P,), overlaps of predictions with annotations of their class.
        sure: Shape (P,), how likely each prediction is right (`confidences`).
        fits: Of each annotation that is seen at all, the best overlap with its class.
    """
    loose = (np.searchsorted(np.sort(fits), iou, side="right") + _RARE) / (len(fits) + _RARE)
    return MISPLACED * sure / (MISPLACED * sure + loose)


def _posterior(share: float, sure: FloatArray, confused: FloatArray) -> FloatArray:
    error = share * sure
    return error / (error + (1 - sure) * confused)


def _logits(scores: FloatArray) -> FloatArray:
    clipped = np.clip(scores, 1e-4, 1 - 1e-4)
    return np.log(clipped / (1 - clipped))


def _fit(logits: FloatArray, agrees: BoolArray) -> tuple[float, float]:
    """Return offset and slope of a logistic curve, by Newton's method with a small ridge."""
    if not len(logits):
        return 0.0, 1.0
    design = np.column_stack([np.ones_like(logits), logits])
    # The ridge pulls towards what the score says itself: offset 0, slope 1.
    prior = np.array([0.0, 1.0])
    weights = prior.copy()
    for _ in range(_STEPS):
        expected = _sigmoid(design @ weights)
        gradient = design.T @ (agrees - expected) - _RIDGE * (weights - prior)
        curvature = (design * (expected * (1 - expected))[:, None]).T @ design
        step = np.linalg.solve(curvature + _RIDGE * np.eye(2), gradient)
        # A full step overshoots where the curve is flat, and does not come back.
        weights += step / max(1.0, float(np.abs(step).max()))
    return float(weights[0]), float(weights[1])


def _sigmoid(values: FloatArray) -> FloatArray:
    return 1 / (1 + np.exp(-np.clip(values, -50, 50)))
