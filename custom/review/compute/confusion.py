"""Which class is taken for which, at the scores that one would choose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.evaluation.error_kernels import CLS, NO_ERROR
from custom.evaluation.errors import ErrorReport, find_errors
from custom.review.compute.analysis import IOU_THR, Analysis


@dataclass(frozen=True, eq=False)
class Confusion:
    """What annotated boxes were taken for.

    Attributes:
        counts: Shape (C+1, C+1): rows are the annotated class, columns the predicted one. The
            last row is no class: detections without a box of their own, on background, localization
            errors or duplicates. The last column is nothing: boxes that were missed.
        thresholds: Shape (C,), the scores from which on detections of a class count.
    """

    counts: IntArray
    thresholds: FloatArray


def confusion(analysis: Analysis) -> Confusion:
    """Count at the score of each class's best F1.

    A box is first taken by a detection of its own class, as AP has it; else by the best one of
    another class that overlaps it well enough, and by no detection of its own class.
    """
    kept = analysis.predictions.scores >= analysis.thresholds[analysis.predictions.labels]
    report = find_errors(analysis.gt, analysis.predictions.keep(kept), IOU_THR)
    num_classes = len(analysis.gt.categories)
    counts = np.zeros((num_classes + 1, num_classes + 1), np.int64)
    rows = _taking(report)
    found = report.gt_rows[rows]
    np.add.at(counts, (analysis.gt.labels[found], report.predictions.labels[rows]), 1)
    missed = ~analysis.gt.iscrowd
    missed[found] = False
    counts[:-1, -1] = np.bincount(analysis.gt.labels[missed], minlength=num_classes)
    alone = (report.kinds >= NO_ERROR) & ~report.ignored
    alone[rows] = False
    counts[-1, :-1] = np.bincount(report.predictions.labels[alone], minlength=num_classes)
    return Confusion(counts, analysis.thresholds)


def _taking(report: ErrorReport) -> IntArray:
    """Return the detections that stand for an annotated box, one a box at most."""
    hits = np.flatnonzero(report.kinds == NO_ERROR)
    wrong = np.flatnonzero(report.kinds == CLS)
    wrong = wrong[~np.isin(report.gt_rows[wrong], report.gt_rows[hits])]
    order = wrong[np.argsort(-report.predictions.scores[wrong], kind="stable")]
    _, first = np.unique(report.gt_rows[order], return_index=True)
    return np.concatenate([hits, order[first]])
