"""Predictions that come in: checked by the checker's rules, repaired by name, or refused.

Whatever takes a file of predictions asks here: ensembles, submissions, pseudo-labels, reviews and
imports. A good file among bad ones, or the other way round, is so told before they are mixed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from custom.boxes import (
    TOLERANCE_PX,
    BoolArray,
    IntArray,
    is_degenerate,
    limit_bboxes,
    look_like_fractions,
)
from custom.compiled.threads import over_ranges
from custom.errors import PodiumError
from custom.submission.checks import faults, values
from custom.submission.checks.distribution import check_shift
from custom.submission.checks.likeness import compare_tables
from custom.submission.checks.subject import Check, Issue, subject_of_table
from custom.submission.formats import FORMATS, format_for
from custom.tables import Categories, Images, Predictions

# Labels are positions in a list of classes; more than this is another column read as labels.
MAX_LABEL = 65_535
# A repair that touches more boxes than this share hides that the file is of another kind.
MAX_REPAIRED = 0.02
# So few boxes can all be tiny, in the corner of their images.
FEW_BOXES = 10
_REPAIR_OF = {faults.DEGENERATE: "--drop-degenerate", faults.OUTSIDE: "--clip"}
_CHECK_OF: Mapping[int, Check] = {
    faults.NOT_FINITE: values.check_finite,
    faults.SCORE: values.check_scores,
    faults.DEGENERATE: values.check_sides,
    faults.OUTSIDE: values.check_inside,
}
_CONVERT = "convert the file first, which no repair does"


def admit(
    table: Predictions,
    images: Images,
    format_name: str = "trash",
    clip: bool = False,
    drop_degenerate: bool = False,
    max_repaired: float | None = None,
) -> tuple[Predictions, list[str]]:
    """Return predictions that are right, repaired where that is allowed, and what was changed.

    A side that leaves its image by up to a pixel and a score outside [0, 1] by up to a millionth
    were rounded by some other tool: they are limited, and counted.

    Args:
        table: On exactly `images`, in their order.
        images: The images; a size of 0 is unknown, and nothing is outside of it.
        format_name: Of the file that it was read from, where that is no COCO results.
        clip: Limit boxes to their images however far they leave them.
        drop_degenerate: Leave out boxes with x2 <= x1 or y2 <= y1, after clipping.
        max_repaired: The largest share of the boxes that these two may touch. None: 2%, and none
            where the numbers fit as another kind of box.

    Raises:
        PodiumError: If a box has numbers that are not finite, a score outside [0, 1], no area, or
            leaves its image; if almost all boxes make sense as another order of numbers or as
            fractions; or if a repair would touch too many. The message names file, image and box,
            the cause first.
    """
    counts = _count_faults(table, images.sizes_hw)
    allowed = {faults.DEGENERATE: drop_degenerate, faults.OUTSIDE: clip}
    for kind in range(faults.ROUNDED):
        if counts[kind] and not allowed.get(kind):
            _refuse(table, images, format_name, kind, max_repaired)
    _refuse_fractions(table, images)
    name, notes = table.source or "predictions", []
    if counts[faults.ROUNDED_SCORE]:
        table = table.with_columns(scores=np.clip(table.scores, 0.0, 1.0))
        notes.append(f"{name}: {counts[faults.ROUNDED_SCORE]} scores were rounded to 0 or 1")
    if counts[faults.DEGENERATE] or counts[faults.OUTSIDE]:
        _refuse_hiding(table, images, format_name, counts, allowed, max_repaired)
    if counts[[faults.ROUNDED, faults.OUTSIDE, faults.DEGENERATE]].any():
        table, repairs = _repaired(table, images, counts, True, drop_degenerate)
        notes += repairs
    return table, notes


def repair(
    table: Predictions,
    images: Images,
    format_name: str = "trash",
    clip: bool = False,
    drop_degenerate: bool = False,
    max_repaired: float | None = None,
) -> tuple[Predictions, list[str]]:
    """Make only the repairs that are asked for; what else is wrong is left for the checker.

    Raises:
        PodiumError: As `admit`, if a repair would hide another error.
    """
    if not (clip or drop_degenerate):
        return table, []
    counts = _count_faults(table, images.sizes_hw)
    allowed = {faults.DEGENERATE: drop_degenerate, faults.OUTSIDE: clip}
    _refuse_hiding(table, images, format_name, counts, allowed, max_repaired)
    return _repaired(table, images, counts, clip, drop_degenerate)


def _repaired(
    table: Predictions, images: Images, counts: IntArray, clip: bool, drop: bool
) -> tuple[Predictions, list[str]]:
    """Return the table limited to its images, or without boxes of no area, or both."""
    name, notes = table.source or "predictions", []
    sizes_hw = images.sizes_hw[table.image_index]
    bboxes, has_area = limit_bboxes(table.bboxes, sizes_hw)
    rounded, outside = counts[faults.ROUNDED], counts[faults.OUTSIDE]
    if not clip:
        has_area = ~is_degenerate(table.bboxes)
    elif rounded or outside:
        table = table.with_columns(bboxes=bboxes)
        notes.append(
            f"{name}: {rounded + outside} boxes were limited to their images, {rounded} of them "
            f"by {TOLERANCE_PX:g} pixel or less"
        )
    if drop and not has_area.all():
        table = table.keep(has_area)
        notes.append(f"{name}: {int((~has_area).sum())} boxes without area were dropped")
    elif clip and not has_area.all():
        raise PodiumError(_without_area(table, images, has_area))
    return table, notes


def _without_area(table: Predictions, images: Images, has_area: BoolArray) -> str:
    box = int(np.argmin(has_area))
    image = int(table.image_index[box])
    return (
        f"{table.source or 'predictions'}: image {images.file_names[image]}, box "
        f"{box - int(table.offsets[image]) + 1} must have an area inside its image, but is outside "
        f"({int((~has_area).sum())} such boxes); drop such boxes with --drop-degenerate"
    )


def _count_faults(table: Predictions, sizes_hw: IntArray) -> IntArray:
    """Return how many boxes have each fault, shape (NUM_FAULTS,)."""
    found = np.zeros((table.num_images, faults.NUM_FAULTS), np.int64)
    columns = (table.offsets, table.bboxes, table.scores, table.labels, sizes_hw)
    limits = (TOLERANCE_PX, values.SCORE_TOLERANCE, MAX_LABEL)
    over_ranges(faults.count_faults, table.num_images, table.num_boxes, *columns, *limits, found)
    return np.asarray(found.sum(axis=0))


def _issues(
    table: Predictions, images: Images, format_name: str, checks: Sequence[Check]
) -> list[Issue]:
    """Return what the checker finds; numbers are shown as the file has them."""
    is_xywh = format_for(table.source, format_name).is_xywh
    form = FORMATS["coco" if is_xywh else "trash"]
    labels = table.labels.clip(0, MAX_LABEL)
    known = Categories.from_names([str(k) for k in range(int(labels.max(initial=0)) + 1)])
    subject = subject_of_table(table.with_columns(labels=labels), form, images, known)
    return [issue for check in checks for issue in check(subject)]


def _refuse(
    table: Predictions, images: Images, format_name: str, kind: int, max_repaired: float | None
) -> None:
    """Raise what the checker says of a fault, and what can be done about it."""
    name = table.source or "predictions"
    if kind == faults.LABEL:
        wrong = (table.labels < 0) | (table.labels > MAX_LABEL)
        raise PodiumError(
            f"{name}: labels must be between 0 and {MAX_LABEL}, but {int(wrong.sum())} of "
            f"{len(wrong)} are not, the first {table.labels[np.argmax(wrong)]}"
        )
    issue = _issues(table, images, format_name, [_CHECK_OF[kind]])[0]
    remedy = "fix the file that they come from"
    if issue.cause:
        remedy = _CONVERT
    elif kind in _REPAIR_OF:
        remedy = (
            f"is it the right file, and the right list of images? Else {_REPAIR_OF[kind]} of "
            "ensemble.py, submit.py and import_run.py repairs up to "
            f"{_largest(max_repaired):.0%} of the boxes"
        )
    raise PodiumError(f"{name}: {issue.text}; {remedy}")


def _refuse_hiding(
    table: Predictions,
    images: Images,
    format_name: str,
    counts: IntArray,
    allowed: Mapping[int, bool],
    max_repaired: float | None,
) -> None:
    """Refuse repairs that would hide another error."""
    name = table.source or "predictions"
    for kind, repair_name in _REPAIR_OF.items():
        if not (allowed[kind] and counts[kind]):
            continue
        for issue in _issues(table, images, format_name, [_CHECK_OF[kind]]):
            if issue.cause and max_repaired is None:
                raise PodiumError(f"{name}: {issue.text}; {_CONVERT}")
        share = counts[kind] / table.num_boxes
        if share > _largest(max_repaired):
            raise PodiumError(
                f"{name}: {repair_name} must touch at most {_largest(max_repaired):.0%} of the "
                f"boxes, but would touch {counts[kind]} of {table.num_boxes} ({share:.0%}): is it "
                "the right file, and the right list of images? If it is, allow more with "
                "--max-repaired SHARE"
            )


def _largest(max_repaired: float | None) -> float:
    return MAX_REPAIRED if max_repaired is None else max_repaired


def _refuse_fractions(table: Predictions, images: Images) -> None:
    if table.num_boxes >= FEW_BOXES and look_like_fractions(table.bboxes, images.sizes_hw):
        raise PodiumError(
            f"{table.source or 'predictions'}: boxes must be in pixels, but the largest coordinate "
            f"is {table.bboxes.max():g}: these look like fractions of the image; multiply them by "
            "its width and height"
        )


def admit_together(
    tables: Sequence[Predictions],
    images: Images,
    categories: Categories | None = None,
    shares: np.ndarray | None = None,
) -> list[str]:
    """Refuse tables that do not belong together; return what is to be known of the others.

    Args:
        tables: Admitted tables, on exactly `images`.
        images: The images.
        categories: The classes.
        shares: Each class's share of the annotated boxes, shape (C,): finds shifted labels.

    Raises:
        PodiumError: If the boxes or labels of a table fit those of the others, or the annotations,
            in another reading only: turned, flipped, scaled, moved to other images, renumbered.
    """
    notes = []
    if shares is not None and categories is not None:
        for table in tables:
            if (table.labels >= len(categories)).any():
                continue  # what reads it says so
            subject = subject_of_table(table, FORMATS["trash"], images, categories, shares)
            for issue in check_shift(subject):
                if issue.level == "error":
                    raise PodiumError(f"{table.source or 'predictions'}: {issue.text}")
    for issue in compare_tables(tables, images):
        if issue.level == "error":
            raise PodiumError(issue.text)
        notes.append(issue.text)
    return notes
