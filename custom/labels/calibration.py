"""What a score means: how often a box of this class and score agrees with the annotations."""

from __future__ import annotations

import numpy as np

from custom.boxes import BoolArray, FloatArray
from custom.labels.overlaps import pairwise_iou
from custom.tables import GroundTruth, Predictions

AGREES_IOU = 0.5
# Fewer boxes than this, or none of one outcome, say too little of a class: all classes speak.
MIN_BOXES = 50
_RIDGE = 1.0
_STEPS = 25


def agreement(gt: GroundTruth, predictions: Predictions) -> BoolArray:
    """Return, shape (N,), where a predicted box overlaps an annotated one of its class."""
    agrees = np.zeros(predictions.num_boxes, bool)
    for index in range(len(gt.images)):
        found, annotated = predictions.rows(index), gt.rows(index)
        overlaps = pairwise_iou(predictions.bboxes[found], gt.bboxes[annotated])
        same = predictions.labels[found][:, None] == gt.labels[annotated][None]
        agrees[found] = ((overlaps >= AGREES_IOU) & same).any(axis=1)
    return agrees


def confidences(gt: GroundTruth, predictions: Predictions) -> FloatArray:
    """Return how likely each predicted box is to agree with the annotations, shape (N,).

    A logistic curve over the log-odds of the score is fitted for each class, as confident
    learning sets a threshold for each class: a class that the model is always sure of must be
    surer to count, and labels with errors lower all of a class alike, not its order.

    Args:
        gt: The annotations, with whatever errors they have.
        predictions: Out-of-fold, on the images of `gt` in their order.

    Source: after Northcutt et al. 2021, "Confident learning", arXiv:1911.00068; the curve is
        Platt's.
    """
    agrees = agreement(gt, predictions)
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
