"""Which group goes to which fold: a greedy start, then exchanges while they help.

All arithmetic is on integers, so that a seed gives the same folds on every machine.
"""

from __future__ import annotations

import numpy as np

from custom.boxes import BoolArray, IntArray
from custom.errors import PodiumError
from custom.splits.features import Features

# A surplus of one image among thousands is small relative to one rare box; without a weight of
# its own the number of images would be traded for classes.
IMAGES_WEIGHT = 400
# Partners looked at for one exchange: enough to find a good one, bounded for large data sets.
MAX_PARTNERS = 1024
MAX_SWEEPS = 30
# Large sets are as even as whole boxes allow long before each group was looked at.
PATIENCE = 5_000
_UNIT = 1 << 34


def assign_folds(features: Features, groups: IntArray, num_folds: int, seed: int) -> IntArray:
    """Deal images to folds such that each fold holds its share of every feature.

    Args:
        features: Counts by image.
        groups: Shape (I,), the group of each image, 0..G-1; a group stays in one fold.
        num_folds: At least 2.
        seed: Decides between the many splits that are about equally good.

    Returns:
        Shape (I,), the fold of each image, 0..num_folds-1.

    Raises:
        PodiumError: If there are fewer groups than folds, or the seed is negative.
    """
    if seed < 0:
        raise PodiumError(f"seed must be at least 0, but is {seed}")
    num_groups = int(groups.max(initial=-1)) + 1
    if not 2 <= num_folds <= num_groups:
        raise PodiumError(
            f"folds must be between 2 and the number of image groups ({num_groups}), "
            f"but got {num_folds}"
        )
    counts = np.zeros((num_groups, features.counts.shape[1]), np.int64)
    np.add.at(counts, groups, features.counts)
    search = _Search(counts, _weights(features), num_folds, seed)
    search.deal()
    search.exchange()
    return search.fold_of_group[groups]


def _weights(features: Features) -> IntArray:
    """Return integer weights (F,) that make squared deviations relative to each total."""
    totals = features.counts.sum(axis=0)
    weights = _UNIT // np.maximum(totals, 1) ** 2 + 1
    weights[totals == 0] = 0
    weights[features.columns("images")] *= IMAGES_WEIGHT
    return weights


class _Search:
    """Local search over the fold of each group.

    The cost is the weighted sum of squares of `excess`, what a fold has above its share, times
    the number of folds to stay an integer.
    """

    def __init__(self, counts: IntArray, weights: IntArray, num_folds: int, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.weights = weights
        self.scaled = counts * num_folds
        self.excess = np.tile(-counts.sum(axis=0), (num_folds, 1))
        self.fold_of_group = np.full(len(counts), -1, np.int64)
        self.members: list[_Members] = []
        self.sizes = counts[:, 0]
        self.own_cost = (self.scaled**2) @ weights

    def deal(self) -> None:
        """Give each group, the large ones first, to the fold where it costs least."""
        order = self.rng.permutation(len(self.sizes))
        order = order[np.argsort(-self.sizes[order], kind="stable")]
        for group in order.tolist():
            cost = self.excess @ (self.weights * self.scaled[group])
            fold = int(np.argmin(cost))
            self.excess[fold] += self.scaled[group]
            self.fold_of_group[group] = fold

    def exchange(self) -> None:
        """Swap pairs of groups between folds, or move one, until nothing helps any more."""
        self.members = [_Members(self.fold_of_group == fold) for fold in range(len(self.excess))]
        in_vain = 0
        for _ in range(MAX_SWEEPS):
            improved = False
            for group in self.rng.permutation(len(self.sizes)).tolist():
                helped = self._improve(group)
                improved |= helped
                in_vain = 0 if helped else in_vain + 1
                if in_vain == PATIENCE:
                    return
            if not improved:
                return

    def _improve(self, group: int) -> bool:
        """Make the best exchange of one group with any other fold, if one lowers the cost."""
        here = int(self.fold_of_group[group])
        best, best_partner, best_fold = 0, -1, -1
        for there in range(len(self.excess)):
            if there == here:
                continue
            partners = self._partners(there)
            change, move = self._changes(group, partners, self.excess[here] - self.excess[there])
            at = int(np.argmin(change)) if len(change) else -1
            if at >= 0 and change[at] < best:
                best, best_partner, best_fold = int(change[at]), int(partners[at]), there
            if move < best:
                best, best_partner, best_fold = move, -1, there
        if best == 0:
            return False
        self._apply(group, best_fold)
        if best_partner >= 0:
            self._apply(best_partner, here)
        return True

    def _partners(self, fold: int) -> IntArray:
        """Return the groups of a fold, or a random part of many."""
        members = self.members[fold]
        if members.count <= MAX_PARTNERS:
            return np.flatnonzero(self.fold_of_group == fold)
        return members.window(int(self.rng.integers(members.count)), MAX_PARTNERS)

    def _changes(self, group: int, partners: IntArray, gap: IntArray) -> tuple[IntArray, int]:
        """Return half the change of cost for each partner, and for moving without one.

        With d = y_partner - y_group going to this fold and -d to the other, the cost changes
        by 2 * sum(w * d * (d + gap)), where gap is this fold's excess minus the other's.
        """
        own = self.scaled[group]
        lone = int(self.own_cost[group] - self.weights @ (gap * own))
        slope = self.weights * (gap - 2 * own)
        return self.own_cost[partners] + self.scaled[partners] @ slope + lone, lone

    def _apply(self, group: int, fold: int) -> None:
        left = int(self.fold_of_group[group])
        self.excess[left] -= self.scaled[group]
        self.excess[fold] += self.scaled[group]
        self.members[left].remove(group)
        self.members[fold].add(group)
        self.fold_of_group[group] = fold


class _Members:
    """The groups of one fold, in no order; adding, removing and drawing take no time."""

    def __init__(self, chosen: BoolArray) -> None:
        self.count = int(chosen.sum())
        self._groups = np.full(len(chosen), -1, np.int64)
        self._groups[: self.count] = np.flatnonzero(chosen)
        self._place = np.full(len(chosen), -1, np.int64)
        self._place[self._groups[: self.count]] = np.arange(self.count)

    def add(self, group: int) -> None:
        """Take a group in at the end."""
        self._groups[self.count], self._place[group] = group, self.count
        self.count += 1

    def remove(self, group: int) -> None:
        """Give a group away; the last one takes its place."""
        self.count -= 1
        last, place = self._groups[self.count], self._place[group]
        self._groups[place], self._place[last] = last, place

    def window(self, start: int, length: int) -> IntArray:
        """Return `length` neighbours from a start on, going on at the beginning."""
        return self._groups[(start + np.arange(length)) % self.count]
