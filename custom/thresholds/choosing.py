"""Thresholds by class, chosen on out-of-fold predictions so that the promise is what to expect.

The lowest score that was precise enough on some images is less precise on others: it was picked
for its luck. So the choice is made on four fifths of the groups and measured on the fifth left out,
in turn. Where what is measured falls short of the promise, the same is done with a higher target,
until it does not; the score is then chosen on all images by that target.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.errors import PodiumError
from custom.evaluation import Matches
from custom.evaluation.thresholds import shortest_between
from custom.thresholds.goals import Goal
from custom.thresholds.intervals import ratio_interval
from custom.thresholds.levels import Levels, levels_of
from custom.thresholds.table import NOTHING, Counts, counts_at

NUM_FOLDS = 5
# Draws of the inner folds, fewer where there are so many labels that one says it all.
MOST_DRAWS, ROWS_DRAWN = 10, 300_000
# Targets that are tried, as shares of the way from the promise to no error at all.
MARGINS: FloatArray = np.linspace(0.0, 1.0, 21, dtype=np.float64)


@dataclass(frozen=True)
class ChosenThreshold:
    """The threshold of one class.

    Attributes:
        name: The class.
        score_thr: Labels of this score or more are given; None: refused.
        reason: Why it was refused; empty where it was not.
        expected: The goal's figure on groups of images that the choice has not seen.
        low: Lower end of its interval.
        high: Upper end.
        counts: At the threshold, on all images.
        support: How many labels stand behind it.
        groups: In how many groups of images.
    """

    name: str
    score_thr: float | None
    reason: str = ""
    expected: float = math.nan
    low: float = math.nan
    high: float = math.nan
    counts: Counts = NOTHING
    support: int = 0
    groups: int = 0


def choose_by_class(
    matches: Matches,
    goal: Goal,
    groups: IntArray,
    min_support: int | None = None,
    seed: int = 0,
    confidence: float = 0.95,
) -> tuple[ChosenThreshold, ...]:
    """Return the threshold of each class, or why there is none.

    Args:
        matches: Of out-of-fold predictions; the first IoU threshold counts.
        goal: What they are chosen for.
        groups: Shape (I,), equal numbers for images that belong together.
        min_support: How many labels must stand behind a threshold; the goal's own if None.
        seed: Of the inner folds.
        confidence: Of the intervals.

    Raises:
        PodiumError: If there are fewer groups than inner folds.
    """
    group_index = np.unique(groups, return_inverse=True)[1]
    num_groups = int(group_index.max(initial=-1)) + 1
    if num_groups < NUM_FOLDS:
        raise PodiumError(
            f"thresholds need at least {NUM_FOLDS} groups of images to be cross-validated, but "
            f"there are {num_groups} (images of one video or near-duplicates are one group)"
        )
    least = goal.min_support if min_support is None else min_support
    if least < 1:
        raise PodiumError(f"--min-support must be at least 1, but is {least}")
    draws = int(np.clip(ROWS_DRAWN // max(len(matches.scores), 1), 1, MOST_DRAWS))
    rng = np.random.default_rng(seed)
    folds = [rng.permutation(num_groups)[group_index] % NUM_FOLDS for _ in range(draws)]
    return tuple(
        _choose(levels_of(matches, c), name, goal, group_index, folds, least, confidence)
        for c, name in enumerate(matches.categories.names)
    )


def _choose(
    levels: Levels,
    name: str,
    goal: Goal,
    group_index: IntArray,
    folds: list[IntArray],
    least: int,
    confidence: float,
) -> ChosenThreshold:
    tp, fp = levels.counts()
    positives = int(levels.positives.sum())
    if refusal := _refusal(goal, tp, fp, positives, least):
        return ChosenThreshold(name, None, refusal)
    targets = goal.value + (1 - goal.value) * MARGINS if goal.is_promise else np.zeros(1)
    held_out = [_held_out(levels, goal, fold, targets, least, (tp, fp)) for fold in folds]
    figures = _figures(goal, held_out, positives)
    reached = np.flatnonzero(figures >= goal.value) if goal.is_promise else np.zeros(1, np.int64)
    places = goal.choose(tp, fp, positives, targets, least)
    reached = reached[places[reached] >= 0]
    if not len(reached):
        return ChosenThreshold(name, None, _shortfall(goal, figures, (tp, fp), positives, least))
    target = int(reached[0])
    place = int(places[target])
    chosen = [places_of_fold[target] for _, _, places_of_fold in held_out]
    num, den = _by_group(levels, goal, group_index, folds, chosen)
    low, high = ratio_interval(num, den, confidence, goal.kind != "cost")
    counts = counts_at(levels, tp, fp, place)
    taken = levels.level <= place
    behind = group_index[levels.image_index[taken]]
    if goal.kind != "precision":
        behind = group_index[levels.positives > 0]
    return ChosenThreshold(
        name=name,
        score_thr=shortest_between(levels.scores[::-1], len(tp) - 1 - place),
        expected=float(num.sum() / den.sum()),
        low=low,
        high=high,
        counts=counts,
        support=int(goal.support(tp, fp, positives)[place]),
        groups=len(np.unique(behind)),
    )


def _refusal(goal: Goal, tp: IntArray, fp: IntArray, positives: int, least: int) -> str:
    """Say why too little is known of a class, if it is so."""
    if positives < (least if goal.kind != "precision" else 1):
        return f"{positives} positives are annotated, of at least {least}"
    given = int(tp[-1] + fp[-1]) if len(tp) else 0
    return f"{given} are predicted, of at least {least}" if given < least else ""


def _shortfall(
    goal: Goal, figures: FloatArray, total: tuple[IntArray, IntArray], positives: int, least: int
) -> str:
    if goal.kind == "cost":
        return "it is cheapest to never say yes"
    enough = goal.support(*total, positives) >= least
    num, den = goal.parts(*total, positives - total[0])
    best = float((num[enough] / den[enough]).max())
    if best < goal.value:
        return f"no score of enough support has {goal}; the best is {best:.4f}"
    known = figures[~np.isnan(figures)]
    unseen = f"; the best is {known.max():.4f}" if len(known) else ""
    return f"no score has {goal} on images that the choice has not seen{unseen}"


def _held_out(
    levels: Levels,
    goal: Goal,
    fold_of_image: IntArray,
    targets: FloatArray,
    least: int,
    total: tuple[IntArray, IntArray],
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return what choices on the other folds give on each: TP (T,), FP (T,), places (T, F)."""
    sums = np.zeros((2, len(targets)))
    places = np.full((len(targets), NUM_FOLDS), -1)
    for fold in range(NUM_FOLDS):
        here = fold_of_image == fold
        own = levels.counts(here)
        others = (total[0] - own[0], total[1] - own[1])
        positives = int(levels.positives[~here].sum())
        support = least * (1 - 1 / NUM_FOLDS)
        place = goal.choose(*others, positives, targets, support) if positives else places[:, fold]
        for k in range(2):
            sums[k] += np.where(place >= 0, own[k][place], 0)
        places[:, fold] = place
    return sums[0], sums[1], places


def _figures(
    goal: Goal, held_out: list[tuple[FloatArray, FloatArray, IntArray]], positives: int
) -> FloatArray:
    """Return the figure by target, over all draws of the folds, shape (T,)."""
    tp = np.sum([draw[0] for draw in held_out], axis=0)
    fp = np.sum([draw[1] for draw in held_out], axis=0)
    num, den = goal.parts(tp, fp, positives * len(held_out) - tp)
    return np.divide(num, den, out=np.full(len(num), np.nan), where=den > 0)


def _by_group(
    levels: Levels, goal: Goal, group_index: IntArray, folds: list[IntArray], places: list[IntArray]
) -> tuple[FloatArray, FloatArray]:
    """Return the two sums of the figure by group, (G,), the mean over the draws of the folds."""
    num_groups = int(group_index.max()) + 1
    group_of_row = group_index[levels.image_index]
    tp, fp = np.zeros(num_groups), np.zeros(num_groups)
    for fold, place in zip(folds, places, strict=True):
        taken = levels.level <= place[fold[levels.image_index]]
        for sums, rows in ((tp, taken & levels.is_hit), (fp, taken & ~levels.is_hit)):
            sums += np.bincount(group_of_row[rows], minlength=num_groups) / len(folds)
    positives = np.bincount(group_index, levels.positives, minlength=num_groups)
    num, den = goal.parts(tp, fp, positives - tp)
    if goal.kind == "cost":  # per label, or per image where boxes have no negatives
        each = (
            np.ones(len(group_index))
            if levels.negatives is None
            else (levels.positives + levels.negatives)
        )
        den = np.bincount(group_index, each, minlength=num_groups)
    return num, den
