"""Whether boxes stand on the images they belong to, by another submission of the same images."""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray, IntArray, box_areas
from custom.submission.checks.subject import Finding, Subject

# Share of images on which the best box of one submission overlaps that of the other with IoU 0.5
# or more. Five real submissions agree on 0.82; with rows moved by one they agree on 0.09.
ALIKE = 0.25
TELLING_IMAGES = 50


def check_likeness(subject: Subject) -> list[Finding]:
    """Boxes that were joined to other images, by position or after sorting one of the two."""
    if subject.like is None or subject.images is None:
        return []
    of_image = {name: i for i, name in enumerate(subject.format.row_names(subject.images))}
    position = np.array([of_image.get(name, -1) for name in subject.rows.names], dtype=np.int64)
    scores = np.where(subject.finite, subject.rows.scores, -1.0)
    row, best = best_boxes(subject.rows.offsets, scores)
    row, best = row[position[row] >= 0], best[position[row] >= 0]
    other, other_best = best_boxes(subject.like.offsets, subject.like.scores)
    _, here, there = np.intersect1d(position[row], other, return_indices=True)
    if len(here) < TELLING_IMAGES:
        return []
    ious = paired_ious(subject.rows.bboxes[best[here]], subject.like.bboxes[other_best[there]])
    share = float((np.nan_to_num(ious) >= 0.5).mean())
    if share >= ALIKE:
        return []
    return [
        Finding(
            "error",
            f"the best boxes must be near those of {subject.like.source or 'the other submission'} "
            f"on most images, but are on {share:.0%} of {len(here)}: were boxes joined to the ids "
            "by position, or is one of the two models far weaker?",
        )
    ]


def best_boxes(offsets: IntArray, scores: FloatArray) -> tuple[IntArray, IntArray]:
    """Return the images that have a box, and of each the row of its highest score."""
    counts = np.diff(offsets)
    index = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((-scores, index))
    images = np.flatnonzero(counts)
    return images, order[offsets[images]]


def paired_ious(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the IoU of each box with its partner, shape (N,), for xyxy boxes (N, 4)."""
    corner = np.maximum(first[:, :2], second[:, :2])
    inner = np.clip(np.minimum(first[:, 2:], second[:, 2:]) - corner, 0.0, None).prod(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(inner / (box_areas(first) + box_areas(second) - inner))
