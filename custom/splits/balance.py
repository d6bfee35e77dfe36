"""How evenly a split shares classes, sizes and crowds, and what is wrong with an uneven one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.splits.features import WITHOUT, Features

# External folds may be less even than ours, but above this they do not measure the same.
LOUD_DEVIATION = 0.25
NAMED_AT_MOST = 3


@dataclass(frozen=True, eq=False)
class Balance:
    """Counts by fold and how far they are from an even share.

    Attributes:
        features: The names of the columns.
        counts: Shape (K, F), what the val images of each fold hold.
        deviations: Shape (F,), the largest relative deviation from a K-th of what all the folds
            hold; NaN where they hold nothing.
    """

    features: Features
    counts: IntArray
    deviations: FloatArray

    def largest(self, kind: str) -> float:
        """Return the largest relative deviation among the features of one kind."""
        chosen = self.deviations[self.features.columns(kind)]
        return float(np.nanmax(chosen)) if np.isfinite(chosen).any() else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-like content: largest deviation and counts by fold, by kind."""
        content: dict[str, Any] = {}
        for kind in dict.fromkeys(self.features.kinds):
            columns = np.flatnonzero(self.features.columns(kind))
            content[kind] = {
                "largest_deviation": round(self.largest(kind), 6),
                "counts": {
                    self.features.names[column]: self.counts[:, column].tolist()
                    for column in columns.tolist()
                },
            }
        return content


def measure_balance(features: Features, folds: Sequence[IntArray]) -> Balance:
    """Count what the val images of each fold hold.

    Args:
        features: Counts by image.
        folds: For each fold the positions of its val images.
    """
    counts = np.stack([features.counts[positions].sum(axis=0) for positions in folds])
    share = counts.mean(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        deviations = np.where(share > 0, np.abs(counts / share - 1).max(axis=0), np.nan)
    return Balance(features, counts, deviations)


def find_issues(
    balance: Balance,
    folds: Sequence[IntArray],
    groups: IntArray,
    names: Sequence[str],
    covers_all: bool = True,
) -> list[str]:
    """Say what is wrong with a split, one sentence an issue; an empty list if nothing is.

    Args:
        balance: Of the same folds.
        folds: For each fold the positions of its val images.
        groups: Shape (I,), the group of each image.
        names: I file names.
        covers_all: Whether every image should be in a fold, as in cross-validation.
    """
    issues = _overlaps(folds, names) if covers_all else []
    issues += cut_groups(folds, groups, names)
    for kind in ("class", WITHOUT, "area"):
        unit = "images" if kind == WITHOUT else "boxes"
        for column in np.flatnonzero(balance.features.columns(kind)).tolist():
            held = balance.features.counts[:, column].sum()
            absent = np.flatnonzero(balance.counts[:, column] == 0).tolist()
            if held and absent:
                issues.append(
                    f"{kind} {balance.features.names[column]} ({held} {unit}) is absent from the "
                    f"val images of fold {_listed(absent)}: it cannot be scored there"
                )
            elif balance.deviations[column] > LOUD_DEVIATION:
                issues.append(
                    f"{kind} {balance.features.names[column]} is up to "
                    f"{balance.deviations[column]:.0%} away from an even share: "
                    f"{balance.counts[:, column].tolist()} {unit} by fold"
                )
    return issues


def _overlaps(folds: Sequence[IntArray], names: Sequence[str]) -> list[str]:
    times = np.bincount(np.concatenate(folds), minlength=len(names))
    issues = []
    if (times > 1).any():
        doubled = [names[i] for i in np.flatnonzero(times > 1).tolist()]
        issues.append(
            f"folds overlap: {len(doubled)} images are val images of more than one fold "
            f"({_listed(doubled)})"
        )
    if (times == 0).any():
        never = [names[i] for i in np.flatnonzero(times == 0).tolist()]
        issues.append(
            f"{len(never)} images are val images of no fold and always trained on "
            f"({_listed(never)})"
        )
    return issues


def cut_groups(folds: Sequence[IntArray], groups: IntArray, names: Sequence[str]) -> list[str]:
    """Say which groups lie on both sides of a fold, so that its val score is too good."""
    issues = []
    size = np.bincount(groups)
    for fold, positions in enumerate(folds):
        inside = np.bincount(groups[positions], minlength=len(size))
        leaking = np.flatnonzero((inside > 0) & (inside < size)).tolist()
        if leaking:
            members = [names[i] for i in np.flatnonzero(groups == leaking[0]).tolist()]
            issues.append(
                f"fold {fold} leaks: {len(leaking)} groups of related or near-duplicate images "
                f"are both trained on and validated on, one is {_listed(members)}"
            )
    return issues


def _listed(values: Sequence[object]) -> str:
    """Return the first few values, for a sentence."""
    more = f" and {len(values) - NAMED_AT_MOST} more" if len(values) > NAMED_AT_MOST else ""
    return ", ".join(str(value) for value in values[:NAMED_AT_MOST]) + more
