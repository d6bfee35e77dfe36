"""Checks of the whole: classes and their shares, score thresholds, the number of boxes."""

from __future__ import annotations

import numpy as np

from custom.boxes import FloatArray
from custom.evaluation.metrics import metric_of
from custom.submission.checks.subject import Issue, Subject
from custom.submission.reader import look_up

# Total variation distance between shares of classes. Five real submissions lie 0.02 to 0.03 from
# the training annotations and one of another detector 0.06; labels shifted by one lie 0.46 away.
FAR_SHARES = 0.15

# A renumbering is an error where at least so many classes (the exponential of the shares' entropy)
# and boxes speak for it, else a warning.
EFFECTIVE_CLASSES = 3.0
TELLING_BOXES = 100

# A detector's own threshold of 0.05 passes. On real predictions raising it from 0.3 to 0.4 cost
# .023 AP points at IoU .5, to 0.5 .049.
HARMLESS_THRESHOLD = 0.1

# COCO scores the first 100 boxes of a class on an image.
SCORED_BOXES = 100


def check_labels(subject: Subject) -> list[Issue]:
    """Labels that are no class."""
    rows = subject.rows
    _, valid = look_up(rows.labels, subject.known)
    names = {box: text for box, field, text in rows.refused if rows.format.fields[field] == "label"}
    wrong = ~valid & (np.isfinite(rows.labels) | np.isin(np.arange(len(valid)), list(names)))
    if rows.format.classes is None:
        wrong &= np.isfinite(rows.labels)
    if not wrong.any():
        return []
    box = int(np.argmax(wrong))
    shown = repr(names[box].lstrip("?")) if box in names else f"{rows.labels[box]:g}"
    return [
        Issue(
            "error",
            f"label must be {_allowed(subject)}, but is {shown} "
            f"({wrong.sum()} of {len(wrong)} boxes){_cause_of_labels(subject)}",
            rows.where(box),
        )
    ]


def check_shift(subject: Subject) -> list[Issue]:
    """Labels whose shares fit the annotations only when they are renumbered."""
    if subject.val_shares is None or not subject.rows.values.size:
        return []
    shares = subject.shares()
    found = _distance(shares[:-1], subject.val_shares)
    if found <= FAR_SHARES:
        return []
    explained = _explanations(subject, shares[:-1], subject.val_shares)
    cause = min(explained, key=lambda name: explained[name])
    if explained[cause] < min(found / 2, FAR_SHARES):
        message = (
            f"classes are {found:.0%} off the annotations' shares, but {explained[cause]:.0%} "
            f"if {cause}: renumber the labels"
        )
        return [Issue("error" if _is_telling(subject, shares[:-1]) else "warning", message)]
    gap = _largest_gap(subject, subject.val_shares)
    return [Issue("warning", f"classes are {found:.0%} off the annotations' shares: {gap}")]


def check_last(subject: Subject) -> list[Issue]:
    """Shares of classes far from those of the last accepted submission."""
    if subject.last_shares is None or not subject.rows.values.size:
        return []
    found = _distance(subject.shares()[:-1], subject.last_shares)
    if found <= FAR_SHARES:
        return []
    gap = _largest_gap(subject, subject.last_shares)
    return [Issue("warning", f"classes are {found:.0%} off the last accepted submission's: {gap}")]


def check_threshold(subject: Subject) -> list[Issue]:
    """A score threshold, where the competition's metric needs none."""
    if metric_of(subject.format.metric).punishes_false_boxes or not subject.finite.any():
        return []
    lowest = float(subject.rows.scores[subject.finite].min())
    if lowest < HARMLESS_THRESHOLD:
        return []
    return [
        Issue(
            "warning",
            f"no box scores below {lowest:.3g}: boxes with low scores never lower "
            "average precision, and a threshold can only cost; export with "
            f"score_thr below {HARMLESS_THRESHOLD:g}",
        )
    ]


def check_counts(subject: Subject) -> list[Issue]:
    """More boxes on an image than are scored, or none anywhere."""
    counts = np.diff(subject.rows.offsets)
    if not counts.any():
        return [Issue("warning", "there is no box on any image")]
    many = counts > SCORED_BOXES
    if not many.any():
        return []
    row = int(np.argmax(counts))
    labels, _ = look_up(subject.rows.labels, None)
    of_image = labels[subject.rows.offsets[row] : subject.rows.offsets[row + 1]]
    most = int(np.unique(of_image, return_counts=True)[1].max())
    return [
        Issue(
            "warning",
            f"{many.sum()} images have more than {SCORED_BOXES} boxes, at most {counts[row]} here, "
            f"{most} of them of one class: COCO scores the best {SCORED_BOXES} of a class",
            subject.line(row),
        )
    ]


def _allowed(subject: Subject) -> str:
    if subject.format.classes is not None:
        return f"one of {', '.join(subject.format.classes)}"
    if subject.known is None:
        return "0, 1, 2, ..."
    return f"one of {', '.join(map(str, subject.known[:, 0].tolist()))}"


def _cause_of_labels(subject: Subject) -> str:
    """Return whether the labels are the classes, counted from one further on."""
    rows, known = subject.rows, subject.known
    if known is None or rows.format.classes is not None or not len(rows.labels):
        return ""
    lowest, highest = float(rows.labels.min()), float(rows.labels.max())
    for shift in (1, -1):
        if lowest >= known[0, 0] + shift and highest <= known[-1, 0] + shift:
            return f"; shifted by {shift:+d}? the data set counts from {known[0, 0]}"
    integers = (rows.labels == np.floor(rows.labels)).all()
    scores = rows.scores[subject.finite]
    if not integers and len(scores) and (scores == np.floor(scores)).all():
        return "; label and score look swapped"
    return ""


def _explanations(subject: Subject, shares: FloatArray, expected: FloatArray) -> dict[str, float]:
    """Return how far the shares are from the expected ones under each mistake, undone.

    A shift by one loses the class at the end, or brings it back at the other end.
    """
    names = np.array(subject.categories.names if subject.categories else range(len(expected)))
    alphabetical = np.empty_like(shares)
    alphabetical[np.argsort(names)] = shares
    return {
        "they are shifted by +1": min(
            _distance(np.roll(shares, -1), expected), _distance(shares[1:], expected[:-1])
        ),
        "they are shifted by -1": min(
            _distance(np.roll(shares, 1), expected), _distance(shares[:-1], expected[1:])
        ),
        "they number the classes in alphabetical order": _distance(alphabetical, expected),
    }


def _is_telling(subject: Subject, shares: FloatArray) -> bool:
    """Return whether shares are too rich to fit a renumbering by chance.

    A weak model that finds one class looks like a shift of any other that is frequent.
    """
    positive = shares[shares > 0] / max(float(shares.sum()), 1e-12)
    effective = float(np.exp(-(positive * np.log(positive)).sum()))
    return effective >= EFFECTIVE_CLASSES and len(subject.rows.values) >= TELLING_BOXES


def _distance(shares: FloatArray, expected: FloatArray) -> float:
    """Return the total variation distance of two distributions over classes, 0 to 1."""
    totals = max(float(shares.sum()), 1e-12), max(float(expected.sum()), 1e-12)
    return 0.5 * float(np.abs(shares / totals[0] - expected / totals[1]).sum())


def _largest_gap(subject: Subject, expected: FloatArray) -> str:
    """Return the class whose share differs most, in words."""
    shares = subject.shares()[:-1]
    label = int(np.argmax(np.abs(shares - expected)))
    name = subject.categories.names[label] if subject.categories else str(label)
    return f"{name} has {shares[label]:.0%} of the scores, not {expected[label]:.0%}"
