"""What a classifier says of each box: of its image, or of the box itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.errors import PodiumError
from custom.evaluation.items import EQUAL_IOU
from custom.labels.overlaps import pairwise_iou
from custom.tables import Categories, Images, Predictions


@dataclass(frozen=True, eq=False)
class Classified:
    """What one run of a classifier predicted.

    Attributes:
        name: The run's.
        images: That it predicted.
        predictions: On them.
    """

    name: str
    images: Images
    predictions: Predictions


def heads_of(categories: Categories, heads: Categories) -> IntArray:
    """Return the head for each class of a detector, shape (C,); -1 where there is none.

    A head is of the class of its name, or `has_` and that; one that is the only one, and of no
    class by its name, is of all of them ("is anything there at all").

    Raises:
        PodiumError: If no class has a head.
    """
    known = {name.casefold(): k for k, name in enumerate(heads.names)}
    found = [
        known.get(name.casefold(), known.get(f"has_{name.casefold()}", -1))
        for name in categories.names
    ]
    if max(found) < 0 and len(heads) == 1:
        return np.zeros(len(found), np.int64)
    if max(found) < 0:
        raise PodiumError(
            f"a classifier must have a head for some class of {', '.join(categories.names)} "
            f"(of the same name, or has_ before it), or one head for all, but has "
            f"{', '.join(heads.names)}"
        )
    return np.array(found)


def opinions_on(
    predictions: Predictions,
    images: Images,
    heads: IntArray,
    classified: Sequence[Classified],
    of_regions: bool,
) -> FloatArray:
    """Return the classifier's score of each box, shape (N,); NaN for a class without a head.

    Where several runs predicted an image, as on a test set, the mean of their scores.

    Args:
        predictions: The detector's boxes.
        images: Of the boxes, in their order.
        heads: Shape (C,), see `heads_of`.
        classified: The classifier's runs.
        of_regions: Whether it classified boxes, rather than whole images.

    Raises:
        PodiumError: If an image was not predicted, or a box was not looked at.
    """
    total, counts = np.zeros((2, predictions.num_boxes))
    for run in classified:
        positions = _positions(images, run.images)
        for image in np.flatnonzero(positions >= 0).tolist():
            rows, theirs = predictions.rows(image), run.predictions.rows(int(positions[image]))
            wanted = heads[predictions.labels[rows]]
            values = _of_image(predictions, run.predictions, rows, theirs, wanted, of_regions)
            total[rows] += np.nan_to_num(values)
            counts[rows] += ~np.isnan(values)
    has_head = heads[predictions.labels] >= 0
    _refuse_missing(predictions, images, classified, has_head & (counts == 0), of_regions)
    return np.divide(total, counts, out=np.full(len(total), np.nan), where=counts > 0)


def _positions(images: Images, others: Images) -> IntArray:
    """Return where each image stands among others, by file name or else its last part; or -1."""
    by_name = others.index_of_name
    last: dict[str, int] = {}
    for name, index in by_name.items():
        key = PurePosixPath(name).name
        last[key] = -1 if key in last else index  # of two nobody knows which
    return np.array(
        [by_name.get(n, last.get(PurePosixPath(n).name, -1)) for n in images.file_names], np.int64
    )


def _of_image(
    boxes: Predictions, labels: Predictions, rows: slice, theirs: slice, wanted: IntArray,
    of_regions: bool,
) -> FloatArray:  # fmt: skip
    """Return the score that the wanted head gave to each box of an image, NaN where it did not."""
    found = np.full(len(wanted), np.nan)
    scores, heads = labels.scores[theirs], labels.labels[theirs]
    if not of_regions:
        for head in np.unique(wanted[wanted >= 0]):
            if (heads == head).any():
                found[wanted == head] = scores[heads == head].max()
        return found
    if not len(scores) or not len(wanted):
        return found
    iou = pairwise_iou(boxes.bboxes[rows], labels.bboxes[theirs])
    iou[wanted[:, None] != heads[None, :]] = 0.0
    best = iou.argmax(axis=1)
    equal = iou[np.arange(len(best)), best] >= EQUAL_IOU
    found[equal] = scores[best[equal]]
    return found


def _refuse_missing(
    predictions: Predictions,
    images: Images,
    classified: Sequence[Classified],
    missing: np.ndarray,
    of_regions: bool,
) -> None:
    if not missing.any():
        return
    row = int(np.argmax(missing))
    name = images.file_names[predictions.image_index[row]]
    runs = ", ".join(run.name for run in classified)
    remedy = (
        "predict with the classifier on the boxes of this run"
        if of_regions
        else "name the classifier's runs of all folds, and predict the test set with one"
    )
    raise PodiumError(
        f"{runs} must have predicted every {'box' if of_regions else 'image'} of "
        f"{predictions.source or 'the detector'}, without having seen it, but of "
        f"{missing.sum()} of {len(missing)} boxes nothing is known, the first on {name}; {remedy}"
    )
