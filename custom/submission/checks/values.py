"""Checks of single values: numbers, scores, the order of a box's sides, its place in the image."""

from __future__ import annotations

import numpy as np

from custom.boxes import (
    TOLERANCE_PX,
    BoolArray,
    FloatArray,
    is_degenerate,
    likely_reading,
    look_like_fractions,
    overhang,
)
from custom.submission.checks.subject import Issue, Subject

# Scores in single precision end up to a millionth beyond 1.
SCORE_TOLERANCE = 1e-6


def check_finite(subject: Subject) -> list[Issue]:
    """Values that are no finite numbers."""
    rows = subject.rows
    words = [
        (box, field, text) for box, field, text in rows.refused if not _is_name(subject, field)
    ]
    issues = []
    if words:
        box, field, text = words[0]
        issues.append(
            Issue(
                "error",
                f"{rows.format.fields[field]} must be a number, but is {text!r} "
                f"({len(words)} such values)",
                rows.where(box),
            )
        )
    unreadable = {box for box, _, _ in rows.refused}
    broken = [b for b in np.flatnonzero(~subject.finite).tolist() if b not in unreadable]
    if broken:
        issues.append(
            Issue(
                "error",
                f"a box must be finite numbers, but is {_shown(rows.values[broken[0]])} "
                f"({len(broken)} such boxes); was the score or the size divided by zero?",
                rows.where(broken[0]),
            )
        )
    return issues


def check_scores(subject: Subject) -> list[Issue]:
    """Scores outside [0, 1] by more than rounding."""
    scores = subject.rows.scores
    outside = subject.finite & (np.maximum(-scores, scores - 1.0) > SCORE_TOLERANCE)
    if not outside.any():
        return []
    if subject.raw_scores and not (scores < 0.0).any():
        above = f"{outside.sum()} of {len(scores)} boxes score above 1, up to {scores.max():g}"
        return [Issue("warning", f"{above}: does the competition take that?")]
    box = int(np.argmax(outside))
    return [
        Issue(
            "error",
            f"score must be in [0, 1], but is {scores[box]:.9g} ({outside.sum()} of {len(scores)} "
            f"boxes){_cause_of_scores(subject, outside)}",
            subject.rows.where(box),
        )
    ]


def check_sides(subject: Subject) -> list[Issue]:
    """Boxes whose second corner is not beyond the first."""
    bboxes = subject.rows.bboxes
    wrong = subject.finite & is_degenerate(np.nan_to_num(bboxes, posinf=0.0, neginf=0.0))
    if not wrong.any():
        return []
    box, cause = int(np.argmax(wrong)), _cause_of_order(subject)
    values = _raw_boxes(subject)
    if subject.format.is_xywh:
        what = "w and h must be positive"
    else:
        flipped = (bboxes[:, 2] < bboxes[:, 0]) & subject.finite
        what = (
            f"x2 must be beyond x1 and y2 beyond y1, but {flipped.mean():.0%} of boxes have x2 < x1"
        )
    return [
        Issue(
            "error",
            f"{what}: here {_shown(values[box])} ({wrong.sum()} of {len(wrong)} boxes){cause}",
            subject.rows.where(box),
            cause,
        )
    ]


def check_inside(subject: Subject) -> list[Issue]:
    """Boxes that leave their image by more than a pixel."""
    if subject.sizes_hw is None:
        return []
    known = subject.finite & subject.sizes_hw.all(axis=1)
    beyond = np.where(known, overhang(subject.rows.bboxes, subject.sizes_hw), 0.0)
    outside = beyond > TOLERANCE_PX
    if not outside.any():
        return []
    box, cause = int(np.argmax(outside)), _cause_of_order(subject)
    height, width = subject.sizes_hw[box]
    return [
        Issue(
            "error",
            f"a box must lie in its image ({width}x{height}) within {TOLERANCE_PX:g} pixel, but is "
            f"{_shown(_raw_boxes(subject)[box])}, {beyond[box]:.1f} pixels outside "
            f"({outside.sum()} of {len(outside)} boxes){cause}",
            subject.rows.where(box),
            cause,
        )
    ]


def check_scale(subject: Subject) -> list[Issue]:
    """Coordinates of another size of image: fractions, or pixels of a resized copy."""
    if subject.sizes_hw is None or subject.finite.sum() < 20:
        return []
    known = subject.finite & subject.sizes_hw.all(axis=1)
    if not known.any():
        return []
    far = subject.rows.bboxes[known, 2:]
    if look_like_fractions(far, subject.sizes_hw[known]):
        message = (
            f"boxes must be in pixels, but the largest coordinate is {far.max():g}: fractions?"
        )
        return [Issue("error", message)]
    extent = float((far / subject.sizes_hw[known][:, ::-1]).max())
    if extent > 0.75:
        return []
    return [
        Issue(
            "warning",
            f"no box reaches beyond {extent:.0%} of its image: are these the coordinates of a "
            "resized copy?",
        )
    ]


def _is_name(subject: Subject, field: int) -> bool:
    return subject.format.classes is not None and subject.format.fields[field] == "label"


def _shown(values: FloatArray) -> str:
    return "(" + ", ".join(f"{value:g}" for value in values) + ")"


def _raw_boxes(subject: Subject) -> FloatArray:
    """Return the four numbers of each box as the file has them."""
    return subject.rows.columns(*subject.format.box_fields)


def _cause_of_scores(subject: Subject, outside: BoolArray) -> str:
    scores = subject.rows.scores[subject.finite]
    if subject.format.has_label and (scores == np.floor(scores)).all():
        labels = subject.rows.labels[subject.finite]
        if ((labels >= 0) & (labels <= 1)).all():
            return "; score and label look swapped"
    if scores.min() >= 0 and outside.sum() > len(scores) / 2 and scores.max() <= 100:
        return "; this looks like percent"
    return "; are these scores before the sigmoid?" if scores.min() < 0 else ""


def _cause_of_order(subject: Subject) -> str:
    """Return what the four numbers would be if almost all boxes make sense that way."""
    values = _raw_boxes(subject)[subject.finite]
    sizes = None if subject.sizes_hw is None else subject.sizes_hw[subject.finite]
    own = "x, y, w, h" if subject.format.is_xywh else "x1, y1, x2, y2"
    reading = likely_reading(values, own, sizes)
    return (
        ""
        if reading is None
        else f"; this looks like {reading[0]}, which fits {reading[1]:.0%} of the boxes"
    )
