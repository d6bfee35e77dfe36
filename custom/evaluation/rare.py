"""Classes with boxes on so few images that resamples cannot show how far their AP may be off.

A class with one box has an AP of 0 or near 1, and every resample with that box says the same; a
resample without it says nothing. How far the AP of n images lies from the truth is learnt from the
classes that have many: they are drawn as sparsely, and what they are off by is taken for the error
of the rare class.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.evaluation.draws import draw_part
from custom.evaluation.matches import Integers, Matches

# A class on so many images (or groups of images) or fewer is rare. Measured with classes of one to
# five boxes: the interval covers the truth in the same share of cases if it is 5, less if it is 20.
MAX_IMAGES = 10
# A class to learn from is on so many times as many images.
MIN_TIMES = 3
# What fewer resamples than these do is not seen in an interval.
NOTABLE_SHARE = 0.01
_TRIES = 100


def with_rare_classes(
    samples: FloatArray,
    matches: Matches,
    per_class: Callable[[Matches, Integers | None], FloatArray],
    group_index: IntArray,
    seed: int,
) -> FloatArray:
    """Return resamples whose means contain the error of rare classes; their own columns stay.

    For each resample and rare class a frequent one, on at least thrice as many images, is drawn as
    sparsely as the rare one, and misses its value on all images by some error. The rare class
    enters the mean with its own value less that error, at least 0 and at most 1. Two models see
    the same draws, so that the error of their difference is that of the other class's difference.
    A class that no other is frequent enough for is left out of the mean where it is lacking.

    Args:
        samples: Shape (R, C+1), of a bootstrap; the last column is the mean. It is changed.
        matches: Of all images.
        per_class: The metric.
        group_index: Shape (I,), 0..G-1.
        seed: Of the bootstrap.
    """
    present = _images_with_boxes(matches, group_index)
    if not (rare := _rare_classes(present)):
        return samples
    values, full = samples[:, :-1].copy(), per_class(matches, None)
    values[:, np.isnan(full)] = np.nan
    for label, others in rare.items():
        rng = np.random.default_rng([seed, label])
        chosen = others[rng.integers(0, len(others), len(samples))]
        for donor in np.unique(chosen).tolist():
            rows, share = np.flatnonzero(chosen == donor), present[label] / present[donor]
            drawn = _drawn_sparsely(matches, per_class, donor, share, group_index, rows, rng)
            values[rows, label] = full[label] - (drawn - full[donor])
    np.clip(values, 0.0, 1.0, out=values)
    known = ~np.isnan(values)
    counts = known.sum(axis=1)
    sums = np.where(known, values, 0.0).sum(axis=1)
    samples[:, -1] = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
    return samples


def _images_with_boxes(matches: Matches, group_index: IntArray) -> IntArray:
    """Return on how many groups of images each class has boxes that count, shape (C,)."""
    counted = ~matches.gt_ignored[0]
    cells = group_index[matches.gt_image_index[counted]] * matches.num_classes
    labels = np.unique(cells + matches.gt_labels[counted]) % max(matches.num_classes, 1)
    return np.bincount(labels, minlength=matches.num_classes)


def _rare_classes(present: IntArray) -> dict[int, IntArray]:
    """Return the rare classes, each with the classes that are frequent enough to learn from."""
    labels = np.flatnonzero((present > 0) & (present <= MAX_IMAGES)).tolist()
    # A class that is rare itself may show no error at all, as where two models agree on it.
    least = {label: max(MIN_TIMES * present[label], MAX_IMAGES + 1) for label in labels}
    found = {label: np.flatnonzero(present >= least[label]) for label in labels}
    return {label: others for label, others in found.items() if len(others)}


def _drawn_sparsely(
    matches: Matches,
    per_class: Callable[[Matches, Integers | None], FloatArray],
    label: int,
    share: float,
    group_index: IntArray,
    rows: IntArray,
    rng: np.random.Generator,
) -> FloatArray:
    """Return the value of a class on a share of the groups, drawn for each of the rows, (len,)."""
    # Where classes are rivals, the value of one depends on the boxes of all.
    alone = _only(matches, label) if matches.items is None else matches
    kept = np.empty(int(group_index.max()) + 1, np.int32)
    weights = np.empty(len(group_index), np.int32)
    values, seeds = np.full(len(rows), np.nan), rng.integers(1 << 40, size=_TRIES)
    for k, row in enumerate(rows.tolist()):
        for seed in seeds.tolist():
            draw_part(seed, row, share, group_index, kept, weights)
            values[k] = per_class(alone, weights)[label]
            if not np.isnan(values[k]):
                break
    return values


def _only(matches: Matches, label: int) -> Matches:
    """Return the detections and boxes of one class."""
    part, own = matches.of_class(label), matches.gt_labels == label
    num, ends = part.stop - part.start, np.arange(matches.num_classes + 1)
    return replace(
        matches, class_offsets=np.where(ends > label, num, 0), rows=matches.rows[part],
        image_index=matches.image_index[part], scores=matches.scores[part],
        ranks=matches.ranks[part], outcomes=matches.outcomes[..., part], matched_gt=None,
        gt_image_index=matches.gt_image_index[own], gt_labels=matches.gt_labels[own],
        gt_ignored=matches.gt_ignored[:, own],
    )  # fmt: skip


def shares_lacking(samples: FloatArray) -> FloatArray:
    """Return, shape (C+1,), the share of resamples without each class; last, without any of them.

    Args:
        samples: Shape (R, C+1), of a bootstrap: NaN where a class has no boxes. Classes that no
            resample has are not annotated at all, and count as lacked by none.
    """
    lacking = np.isnan(samples[:, :-1])
    lacking &= ~lacking.all(axis=0)
    return np.append(lacking.mean(axis=0), lacking.any(axis=1).mean())


def rare_class_notes(samples: FloatArray, names: Sequence[str]) -> list[str]:
    """Say which classes a notable share of the resamples lacked, and what is done about it."""
    *by_class, together = shares_lacking(samples).tolist()
    if together <= NOTABLE_SHARE:
        return []
    rare = [f"{names[c]} ({share:.0%})" for c, share in enumerate(by_class) if share > 0.005]
    return [
        f"In {together:.0%} of the resamples a class had no boxes: {', '.join(rare)}. How far its "
        f"value may be off is learnt from classes on at least {MIN_TIMES} times as many images, "
        "and is in the interval of the mean; where there is none, the class is left out of their "
        "mean."
    ]
