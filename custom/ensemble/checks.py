"""What a fusion refuses, once, where tables enter it; and the repairs, by name and counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from custom.boxes import TOLERANCE_PX, BoolArray, IntArray, clip_bboxes, is_degenerate
from custom.errors import PodiumError
from custom.tables import Images, Predictions

# Labels are positions in a list of classes; more than this is another column read as labels.
_MAX_LABEL = 65_535
_MUST = {
    "finite": "must hold finite numbers only",
    "score": "must have a score between 0 and 1",
    "label": f"must have a label between 0 and {_MAX_LABEL}",
    "degenerate": "must have x2 > x1 and y2 > y1",
    "outside": f"must lie in its image to within {TOLERANCE_PX:g} pixel",
}
_REMEDY = {
    "degenerate": "is it x, y, width, height? Else drop such boxes with --drop-degenerate",
    "outside": "is the image list the right one? Else limit boxes to their images with --clip",
}


def prepare(
    models: Sequence[Predictions],
    images: Images,
    clip: bool = False,
    drop_degenerate: bool = False,
) -> tuple[list[Predictions], list[str]]:
    """Return the models' tables, aligned to `images` by id and checked, and what was changed.

    A box that leaves its image by up to a pixel was rounded by some other tool: it is limited to
    the image, and counted in a note. An image that a model found nothing on stays in its table.

    Args:
        models: One table per model, each with exactly the images of `images`, in any order.
        images: The images, with sizes; a size of 0 is unknown, and nothing is outside of it.
        clip: Limit boxes to their images however far they leave them.
        drop_degenerate: Leave out boxes with x2 <= x1 or y2 <= y1, after clipping.

    Raises:
        PodiumError: If a model's images are not those of `images`, or a box has numbers that are
            not finite, a score outside [0, 1], no area, or leaves its image by over a pixel; the
            message names model, image and box.
    """
    if not models:
        raise PodiumError("there must be at least one model to fuse, but there is none")
    notes: list[str] = []
    if len(images) and not images.sizes_hw.all():
        notes.append("image sizes are unknown: boxes outside their images were not looked for")
    prepared = []
    for position, model in enumerate(models):
        name = model.source or f"model {position + 1}"
        table = _align(model, images, name)
        table = _repair(table, images, name, clip, drop_degenerate, notes)
        prepared.append(table)
    return prepared, notes


def _align(model: Predictions, images: Images, name: str) -> Predictions:
    """Return the table in the order of `images`, which it must match as a set."""
    if np.array_equal(model.image_ids, images.ids):
        return model
    extra = np.setdiff1d(model.image_ids, images.ids)
    if len(extra):
        raise PodiumError(
            f"{name} must cover the {len(images)} images of {images.source or 'the list'} and no "
            f"others, but has {len(extra)} others, the first with id {extra[0]}; models can only "
            "be fused on the same images"
        )
    return model.aligned_to(images.ids)


def _repair(
    table: Predictions,
    images: Images,
    name: str,
    clip: bool,
    drop_degenerate: bool,
    notes: list[str],
) -> Predictions:
    """Return the table without faults; what may be mended is mended, the rest raises."""
    from custom.ensemble.kernels import faults as kinds

    faults = _count_faults(table, images.sizes_hw)
    for what, kind in (
        ("finite", kinds.NOT_FINITE),
        ("score", kinds.SCORE),
        ("label", kinds.LABEL),
    ):
        _refuse(table, images, name, what, faults[:, kind])
    if not drop_degenerate:
        _refuse(table, images, name, "degenerate", faults[:, kinds.DEGENERATE])
    if not clip:
        _refuse(table, images, name, "outside", faults[:, kinds.OUTSIDE])
    outside, rounded = faults[:, kinds.OUTSIDE].sum(), faults[:, kinds.ROUNDED].sum()
    degenerate = faults[:, kinds.DEGENERATE].any()
    if outside or rounded:
        table = _clipped(table, images)
        notes.append(
            f"{name}: {outside + rounded} boxes were limited to their images, {rounded} of them "
            f"by {TOLERANCE_PX:g} pixel or less"
        )
        degenerate = is_degenerate(table.bboxes).any()
    if degenerate:
        table = _without_degenerate(table, images, name, drop_degenerate, notes)
    return table


def _clipped(table: Predictions, images: Images) -> Predictions:
    """Return the table with boxes limited to their images, where the size is known."""
    largest = np.iinfo(np.int64).max
    sizes_hw = np.where(images.sizes_hw > 0, images.sizes_hw, largest)
    return table.with_columns(bboxes=clip_bboxes(table.bboxes, sizes_hw[table.image_index]))


def _without_degenerate(
    table: Predictions, images: Images, name: str, drop: bool, notes: list[str]
) -> Predictions:
    """Return the table without boxes of no area, if these may be dropped."""
    degenerate: BoolArray = is_degenerate(table.bboxes)
    if not drop:
        counts = np.bincount(table.image_index[degenerate], minlength=len(images))
        _refuse(table, images, name, "degenerate", counts)
    notes.append(f"{name}: {degenerate.sum()} boxes without area were dropped")
    return table.keep(~degenerate)


def _count_faults(table: Predictions, sizes_hw: IntArray) -> IntArray:
    """Return how many boxes of each image have each fault, shape (I, NUM_FAULTS)."""
    from custom.compiled.threads import over_ranges
    from custom.ensemble.kernels.faults import NUM_FAULTS, count_faults

    faults = np.zeros((table.num_images, NUM_FAULTS), np.int64)
    columns = (table.offsets, table.bboxes, table.scores, table.labels, sizes_hw)
    limits = (TOLERANCE_PX, _MAX_LABEL)
    over_ranges(count_faults, table.num_images, table.num_boxes, *columns, *limits, faults)
    return faults


def _refuse(table: Predictions, images: Images, name: str, what: str, counts: IntArray) -> None:
    """Raise an error that names the first box with a fault, where `counts` (I,) has any."""
    if not counts.any():
        return
    image = int(np.argmax(counts > 0))
    rows = table.rows(image)
    box = int(np.argmax(_is_wrong(table, rows, images.sizes_hw[image], what)))
    row = rows.start + box
    values = ", ".join(f"{value:g}" for value in table.bboxes[row])
    total = int(counts.sum())
    remedy = _REMEDY.get(what, "mend the file that they come from")
    height, width = images.sizes_hw[image].tolist()
    raise PodiumError(
        f"{name}: image {images.file_names[image]!r} ({width}x{height}), box {box} "
        f"{_MUST[what]}, but is [{values}] with score {table.scores[row]:g} and label "
        f"{table.labels[row]} ({total} of {table.num_boxes} boxes are like that); {remedy}"
    )


def _is_wrong(table: Predictions, rows: slice, size_hw: IntArray, what: str) -> BoolArray:
    """Return which rows of one image have a fault, shape (n,)."""
    bboxes, scores, labels = table.bboxes[rows], table.scores[rows], table.labels[rows]
    if what == "finite":
        return ~(np.isfinite(bboxes).all(axis=1) & np.isfinite(scores))
    if what == "score":
        return ~((scores >= 0.0) & (scores <= 1.0))
    if what == "label":
        return (labels < 0) | (labels > _MAX_LABEL)
    if what == "degenerate":
        return is_degenerate(bboxes)
    low = -bboxes[:, :2].min(axis=1)
    if not size_hw.all():
        return low > TOLERANCE_PX
    return np.maximum(low, (bboxes[:, 2:] - size_hw[::-1]).max(axis=1)) > TOLERANCE_PX
