"""Boxes and errors as the gallery's page reads them: columns, in chunks of images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from custom.boxes import BoolArray, FloatArray, IntArray
from custom.evaluation.error_kernels import NO_ERROR
from custom.evaluation.errors import MISSED, ErrorReport
from custom.review.compute.entries import Entries
from custom.tables import GroundTruth

# A chunk is what a page loads for the first box of an image that it draws.
IMAGES_A_CHUNK = 200
# The slider starts on a multiple of this.
SCORE_STEP = 0.05

ImageRecord = dict[str, list[Any]]


@dataclass(frozen=True, eq=False)
class Drawn:
    """Which detections of a report are drawn: not those beyond an image's 100, or in crowds.

    Attributes:
        mask: Shape (N,).
        place: Shape (N,), how many drawn ones of the image come before.
    """

    mask: BoolArray
    place: IntArray


def drawn_detections(report: ErrorReport) -> Drawn:
    """Return which detections of a report are drawn."""
    mask = (report.kinds >= NO_ERROR) & ~report.ignored
    before = np.concatenate([[0], np.cumsum(mask)])
    first = before[report.predictions.offsets[report.predictions.image_index]]
    return Drawn(mask, before[:-1] - first)


def truth_chunks(gt: GroundTruth) -> Iterator[list[ImageRecord]]:
    """Yield the annotated boxes of 200 images at a time."""
    bboxes = _rounded(gt.bboxes)
    labels, crowds = gt.labels.tolist(), gt.iscrowd.astype(int).tolist()
    for images in _chunks(len(gt.images)):
        yield [
            {"bboxes": bboxes[rows], "labels": labels[rows], "crowds": crowds[rows]}
            for rows in map(gt.rows, images)
        ]


def detection_chunks(gt: GroundTruth, report: ErrorReport) -> Iterator[list[ImageRecord]]:
    """Yield the detections of 200 images at a time, and which boxes there are missed."""
    drawn = drawn_detections(report)
    table = report.predictions.keep(drawn.mask)
    bboxes, labels = _rounded(table.bboxes), table.labels.tolist()
    scores = np.round(table.scores, 3).tolist()
    kinds = report.kinds[drawn.mask].tolist()
    for images in _chunks(len(gt.images)):
        yield [
            {
                "bboxes": bboxes[rows],
                "scores": scores[rows],
                "labels": labels[rows],
                "kinds": kinds[rows],
                "missed": np.flatnonzero(report.missed[gt.rows(image)]).tolist(),
            }
            for image, rows in zip(images, map(table.rows, images), strict=True)
        ]


def entries_record(entries: Entries, gt: GroundTruth, drawn: Drawn) -> dict[str, list[Any]]:
    """Return errors as columns, their rows counted among what is drawn of their images."""
    is_missed = entries.kinds == MISSED
    places = np.empty(len(entries), np.int64)
    places[is_missed] = (entries.rows - gt.offsets[entries.images])[is_missed]
    places[~is_missed] = drawn.place[entries.rows[~is_missed]]
    return {
        "images": entries.images.tolist(),
        "kinds": entries.kinds.tolist(),
        "labels": entries.labels.tolist(),
        "scores": np.round(entries.scores, 3).tolist(),
        "costs": np.round(entries.costs, 7).tolist(),
        "places": places.tolist(),
    }


def first_score(num_gt: int, scores: FloatArray) -> float:
    """Return the score above which there are about as many detections as annotated boxes.

    It is where the slider starts: below it, detections hide the image. A multiple of 0.05.
    """
    if not 0 < num_gt < len(scores):
        return 0.0
    threshold = float(np.sort(scores)[-num_gt])
    return round(int(threshold / SCORE_STEP + 1e-9) * SCORE_STEP, 2)


def _rounded(bboxes: FloatArray) -> list[list[float]]:
    """Return boxes to a tenth of a pixel: less than a line's width at any zoom."""
    return np.round(bboxes, 1).tolist()


def _chunks(num_images: int) -> Iterator[range]:
    for start in range(0, num_images, IMAGES_A_CHUNK):
        yield range(start, min(start + IMAGES_A_CHUNK, num_images))
