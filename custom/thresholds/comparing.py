"""Two versions of a run's predictions side by side, at the same thresholds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from custom.evaluation import Metric, match, score_at_best
from custom.runs import Run
from custom.tables import GroundTruth, Predictions
from custom.thresholds.goals import Goal
from custom.thresholds.levels import Levels, levels_of
from custom.thresholds.report import aligned
from custom.thresholds.table import Counts, operating_table


@dataclass(frozen=True)
class ComparedClass:
    """One class, before and after: its metric, its threshold, and the counts at it."""

    name: str
    metric: tuple[float, float]
    score_thr: float
    counts: tuple[Counts, Counts]


@dataclass(frozen=True)
class Compared:
    """Both versions.

    Attributes:
        title: What the metric is called.
        value: Of the metric, before and after.
        classes: By class.
        source: Where the thresholds are from.
    """

    title: str
    value: tuple[float, float]
    classes: tuple[ComparedClass, ...]
    source: str

    def lines(self) -> list[str]:
        """Return it as text."""
        rows = [("class", self.title, "after", "threshold", "FP", "after", "FN", "after")]
        for each in self.classes:
            before, after = each.counts
            numbers = (before.fp, after.fp, before.fn, after.fn)
            shares = (f"{value:.4f}" for value in each.metric)
            rows.append((each.name, *shares, f"{each.score_thr:.4g}", *map(str, numbers)))  # type: ignore[arg-type]
        return [
            f"{self.title} {self.value[0]:.4f} -> {self.value[1]:.4f}, FP and FN at {self.source}",
            "",
            *aligned(rows),
        ]


def compare_at_thresholds(
    run: Run, gt: GroundTruth, before: Predictions, after: Predictions, metric: Metric
) -> Compared:
    """Return the metric and the counts of both, at thresholds that belong to `before`.

    They are those that the run keeps, or, of a class without, the one of its best F1 before.
    """
    how = (metric.iou_thrs[:1], ("all",), metric.max_dets, metric.rule)
    matches = [match(gt, table, *how) for table in (before, after)]
    scores = [score_at_best(gt, table, metric) for table in (before, after)]
    classes = []
    for label, name in enumerate(gt.categories.names):
        levels = [levels_of(each, label) for each in matches]
        kept = run.record.thresholds.get(name)
        score_thr = _best_f1(levels[0]) if kept is None else kept
        counts = [operating_table(each, [score_thr])[0] for each in levels]
        values = (float(scores[0].per_class[label]), float(scores[1].per_class[label]))
        classes.append(ComparedClass(name, values, score_thr, (counts[0], counts[1])))
    is_kept = set(gt.categories.names) <= run.record.thresholds.keys()
    source = "the thresholds of the run" if is_kept else "the thresholds of its best F1"
    return Compared(metric.title, (scores[0].value, scores[1].value), tuple(classes), source)


def _best_f1(levels: Levels) -> float:
    """Return the score of the best F1; 1 where nothing is predicted."""
    positives = int(levels.positives.sum())
    if not len(levels.scores) or not positives:
        return 1.0
    place = Goal("f1").choose(*levels.counts(), positives, np.zeros(1), 1)[0]
    return float(levels.scores[place])
