"""Thresholds of runs: chosen on what they predicted out of fold, and kept in their records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from custom.competition import competition_of
from custom.errors import PodiumError
from custom.evaluation import Matches, match
from custom.files import sha256_of
from custom.runs import Run, ThresholdChoice, find_runs, keep_thresholds, pool, read_evidence
from custom.thresholds.choosing import ChosenThreshold, choose_by_class
from custom.thresholds.goals import Goal
from custom.thresholds.levels import levels_of
from custom.thresholds.table import Counts, operating_table


@dataclass(frozen=True, eq=False)
class Basis:
    """What thresholds of runs rest on.

    Attributes:
        runs: One a fold.
        matches: Of all of them.
        metric: The title of the competition's metric, whose IoU they are matched at.
    """

    runs: tuple[Run, ...]
    matches: Matches
    metric: str

    @property
    def num_groups(self) -> int:
        """How many groups of images there are."""
        return len(np.unique(self.matches.groups))


def read_basis(patterns: Sequence[str]) -> Basis:
    """Read the out-of-fold predictions of a model's folds, and match them.

    Args:
        patterns: Run folders, or patterns such as `runs/x_fold*`.

    Raises:
        PodiumError: If two are of one fold, or they are of several competitions or splits.
    """
    runs = find_runs(patterns)
    folds: dict[int, Run] = {}
    for run in runs:
        first = folds.setdefault(run.val_fold, run)
        if first is not run:
            raise PodiumError(
                f"thresholds belong to one model, so runs must be one a fold, but {first.name} "
                f"and {run.name} are both of fold {run.val_fold}; choose those of each model apart"
            )
    metric = competition_of(runs).metric
    pooled = pool([read_evidence(runs)])
    how = (metric.iou_thrs[:1], ("all",), metric.max_dets, metric.rule)
    return Basis(tuple(runs), match(pooled.gt, pooled.models[0], *how), metric.title)


def choose(
    basis: Basis, goal: Goal, min_support: int | None = None, record: bool = True
) -> tuple[ChosenThreshold, ...]:
    """Choose the threshold of each class and keep them in the runs' records.

    Args:
        basis: What they rest on.
        goal: What they are chosen for.
        min_support: How many labels must stand behind one; the goal's own if None.
        record: Whether to keep them.

    Raises:
        PodiumError: See `choose_by_class`.
    """
    chosen = choose_by_class(basis.matches, goal, basis.matches.groups, min_support)
    if record:
        held = [each for each in chosen if each.score_thr is not None]
        choice = ThresholdChoice(
            goal=str(goal),
            expected={each.name: each.expected for each in held},
            low={each.name: each.low for each in held},
            high={each.name: each.high for each in held},
            support={each.name: each.support for each in held},
            refused={each.name: each.reason for each in chosen if each.score_thr is None},
            predictions={run.name: sha256_of(run.folder / "val.json") for run in basis.runs},
        )
        score_thrs = {each.name: each.score_thr for each in held if each.score_thr is not None}
        for run in basis.runs:
            keep_thresholds(run.folder, score_thrs, choice)
    return chosen


def table_at(basis: Basis, score_thrs: Sequence[float]) -> dict[str, tuple[Counts, ...]]:
    """Return the counts by class at each of some thresholds.

    Raises:
        PodiumError: If a threshold is not between 0 and 1.
    """
    if wrong := [thr for thr in score_thrs if not 0 <= thr <= 1]:
        raise PodiumError(f"thresholds must be between 0 and 1, but one is {wrong[0]:g}")
    names = basis.matches.categories.names
    return {
        name: operating_table(levels_of(basis.matches, label), score_thrs)
        for label, name in enumerate(names)
    }
