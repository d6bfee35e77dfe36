"""Whether boxes stand where other predictions of the same images have them, and as what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from custom.boxes import FloatArray, IntArray, box_areas
from custom.submission.checks.subject import Issue, Subject
from custom.tables import Images, Predictions
from custom.tables.rows import rows_of_images

# Share of images on which the best box of one file overlaps that of the other with IoU 0.5 or more.
# Ten pairs of five real submissions agree on 0.81 to 0.83 of the images, others were seen at 0.63;
# swapped axes leave 0.22 to 0.30, flips 0.36 to 0.52, rows moved by one 0.09.
ALIKE = 0.55
# Below this two files are about different images, whatever the models.
UNRELATED = 0.15
# What another reading must gain before it is taken for the cause.
GAIN = 0.1
TELLING_IMAGES = 50
# How many images are compared at most; they are evenly spread.
SAMPLE = 500

# From boxes (N, 4) and sizes (N, 2) as height, width to the boxes that another reading means.
Reading = Callable[[FloatArray, FloatArray], FloatArray]


def _flipped(bboxes: FloatArray, sizes_hw: FloatArray, x: bool, y: bool) -> FloatArray:
    """Return boxes mirrored left to right and upside down."""
    x1, y1, x2, y2 = bboxes.T
    height, width = sizes_hw.T
    left, right = (width - x2, width - x1) if x else (x1, x2)
    top, bottom = (height - y2, height - y1) if y else (y1, y2)
    return np.stack([left, top, right, bottom], axis=1)


READINGS: dict[str, Reading] = {
    "y1, x1, y2, x2": lambda bboxes, sizes: bboxes[:, [1, 0, 3, 2]],
    "flipped left to right": lambda bboxes, sizes: _flipped(bboxes, sizes, True, False),
    "flipped upside down": lambda bboxes, sizes: _flipped(bboxes, sizes, False, True),
    "turned by 180 degrees": lambda bboxes, sizes: _flipped(bboxes, sizes, True, True),
    "of an image twice as large": lambda bboxes, sizes: bboxes / 2.0,
    "of an image half as large": lambda bboxes, sizes: bboxes * 2.0,
    "in fractions of the image": lambda bboxes, sizes: bboxes * sizes[:, [1, 0, 1, 0]],
}


def check_likeness(subject: Subject) -> list[Issue]:
    """Boxes that another submission has elsewhere: turned, flipped, or on other images."""
    if subject.like is None or subject.images is None:
        return []
    of_image = {name: i for i, name in enumerate(subject.format.row_names(subject.images))}
    position = np.array([of_image.get(name, -1) for name in subject.rows.names], dtype=np.int64)
    scores = np.where(subject.finite, subject.rows.scores, -1.0)
    row, best = best_boxes(subject.rows.offsets, scores)
    row, best = row[position[row] >= 0], best[position[row] >= 0]
    theirs = _Best.of(subject.like, subject.images)
    sizes_hw = subject.images.sizes_hw[position[row]].astype(np.float64)
    ours = _Best(position[row], subject.rows.bboxes[best], None, sizes_hw)
    share, num_images = ours.share_near(theirs)
    if num_images < TELLING_IMAGES or share >= ALIKE:
        return []
    other = subject.like.source or "the other submission"
    cause = _cause(ours, theirs, share) or (
        "were boxes joined to the ids by position, or is one of the two models far weaker?"
    )
    return [
        Issue(
            "error",
            f"the best boxes must be near those of {other} on most images, but are on "
            f"{share:.0%} of {num_images}: {cause}",
        )
    ]


def compare_tables(tables: Sequence[Predictions], images: Images) -> list[Issue]:
    """Compare predictions of the same images, in their order, each with the one most like it.

    The best boxes of at most `SAMPLE` images are compared, evenly spread.

    Returns:
        An error for a table that fits another one in another reading only, or not at all; a
        warning for one that is only unlike the others.
    """
    step = -(-len(images) // SAMPLE) or 1
    sample = np.arange(0, len(images), step)
    if len(tables) < 2 or len(sample) < TELLING_IMAGES or _are_of_labels(tables):
        return []
    bests = [_Best.of(table, images, sample) for table in tables]
    names = [table.source or f"model {k + 1}" for k, table in enumerate(tables)]
    issues = []
    near = {(a, b): bests[a].share_near(bests[b]) for a, b in combinations(range(len(bests)), 2)}
    for index, ours in enumerate(bests):
        others = [k for k in range(len(bests)) if k != index]
        shares = [near[min(index, k), max(index, k)] for k in others]
        closest = max(range(len(others)), key=lambda k: shares[k][0])
        (share, num_images), theirs = shares[closest], bests[others[closest]]
        if num_images < TELLING_IMAGES:
            continue
        issue = _unlike(ours, theirs, share, num_images, names[index], names[others[closest]])
        issues += [issue] if issue else []
    return sorted(issues, key=lambda issue: issue.level != "error")


def _are_of_labels(tables: Sequence[Predictions]) -> bool:
    """Return whether all give the same boxes once for each class, as labels of regions do.

    The best box of each is then a choice between objects, which says nothing of its place.
    """
    first, *others = (_sorted_boxes(table) for table in tables)
    again = (first[1:] == first[:-1]).all(axis=1)
    return bool(again.any()) and all(np.array_equal(first, other) for other in others)


def _sorted_boxes(table: Predictions) -> FloatArray:
    """Return image and box of each row, shape (N, 5), in one order for the same boxes."""
    rows = np.column_stack([table.image_index, table.bboxes])
    return rows[np.lexsort(rows.T[::-1])]


def _unlike(
    ours: _Best, theirs: _Best, share: float, num_images: int, name: str, other: str
) -> Issue | None:
    """Return what is wrong with predictions, by those that are most like them."""
    what = f"{name}: its best boxes are near those of {other} on {share:.0%} of {num_images} images"
    if share >= ALIKE:
        shift = ours.shift_of_labels(theirs)
        return Issue("error", f"{name}: {shift}, beside {other}") if shift else None
    if cause := _cause(ours, theirs, share):
        return Issue("error", f"{what}: {cause}; or is {other} the one that is wrong?")
    if share < UNRELATED:
        return Issue("error", f"{what}: is it of the same images, and joined to them by name?")
    return Issue("warning", what)


def _cause(ours: _Best, theirs: _Best, share: float) -> str:
    """Return the reading in which the boxes are where the others are; empty for none."""
    found = {name: ours.read(reading).share_near(theirs)[0] for name, reading in READINGS.items()}
    for step in (1, -1):
        moved = ours.moved(step).share_near(theirs)[0]
        found[f"of the rows {'before' if step < 0 else 'after'} their own"] = moved
    best = max(found, key=lambda name: found[name])
    if found[best] < max(ALIKE, share + GAIN):
        return ""
    return f"these look like boxes {best}, which would be near on {found[best]:.0%}"


class _Best:
    """The best box of each image that has one.

    Attributes:
        index: Shape (I,), ascending, positions of the images.
        bboxes: Shape (I, 4).
        labels: Shape (I,); None where they are not compared.
        sizes_hw: Shape (I, 2).
    """

    def __init__(
        self, index: IntArray, bboxes: FloatArray, labels: IntArray | None, sizes_hw: FloatArray
    ) -> None:
        self.index, self.bboxes, self.labels, self.sizes_hw = index, bboxes, labels, sizes_hw

    @classmethod
    def of(cls, table: Predictions, images: Images, sample: IntArray | None = None) -> _Best:
        """Return those of a table on exactly `images`, or on these positions of them alone."""
        chosen = np.arange(len(images)) if sample is None else sample
        rows, offsets = rows_of_images(table.offsets, chosen)
        index, best = best_boxes(offsets, table.scores[rows])
        rows, sizes_hw = rows[best], images.sizes_hw[chosen[index]].astype(np.float64)
        return cls(index, table.bboxes[rows], table.labels[rows], sizes_hw)

    def read(self, reading: Reading) -> _Best:
        """Return the boxes in another reading."""
        return _Best(self.index, reading(self.bboxes, self.sizes_hw), self.labels, self.sizes_hw)

    def moved(self, step: int) -> _Best:
        """Return the boxes on the images that many places on."""
        return _Best(self.index + step, self.bboxes, self.labels, self.sizes_hw)

    def share_near(self, other: _Best) -> tuple[float, int]:
        """Return on which share of the common images the two boxes overlap, and of how many."""
        near = self._near(other)[0]
        return (float(near.mean()) if len(near) else 0.0), len(near)

    def _near(self, other: _Best) -> tuple[np.ndarray, IntArray, IntArray]:
        _, here, there = np.intersect1d(self.index, other.index, return_indices=True)
        ious = paired_ious(self.bboxes[here], other.bboxes[there])
        return ious >= 0.5, here, there  # what has no area is near nothing

    def shift_of_labels(self, other: _Best) -> str:
        """Say by how much the labels must be shifted to be those of the other; empty for none."""
        near, here, there = self._near(other)
        if self.labels is None or other.labels is None or near.sum() < TELLING_IMAGES:
            return ""
        ours, theirs = self.labels[here][near], other.labels[there][near]
        same = float((ours == theirs).mean())
        for step in (1, -1):
            shifted = float((ours - step == theirs).mean())
            if shifted >= max(0.5, same + 0.3) and len(np.unique(theirs)) > 2:
                return (
                    f"its labels agree on {same:.0%} of the boxes, but on {shifted:.0%} if they "
                    f"are shifted by {step:+d}: renumber them"
                )
        return ""


def best_boxes(offsets: IntArray, scores: FloatArray) -> tuple[IntArray, IntArray]:
    """Return the images that have a box, and of each the row of its highest score."""
    counts = np.diff(offsets)
    images = np.flatnonzero(counts)
    starts = offsets[images]
    if not len(images):
        return images, starts
    highest = np.repeat(np.maximum.reduceat(scores, starts), counts[images])
    # Of equal scores the first, as a sort would leave them.
    rows = np.flatnonzero(scores == highest)
    return images, rows[np.searchsorted(rows, starts)]


def paired_ious(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the IoU of each box with its partner, shape (N,), for xyxy boxes (N, 4)."""
    corner = np.maximum(first[:, :2], second[:, :2])
    inner = np.clip(np.minimum(first[:, 2:], second[:, 2:]) - corner, 0.0, None).prod(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(inner / (box_areas(first) + box_areas(second) - inner))
