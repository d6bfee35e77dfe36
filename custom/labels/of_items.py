"""Labels of images and regions that look wrong beside out-of-fold scores, head by head."""

from __future__ import annotations

import numpy as np

from custom.evaluation import Matches, match_for
from custom.evaluation.counting import HIT, MISS
from custom.labels.suspects import CLASS, EXTRA, MIN_SCORE, MISSING, Suspect
from custom.tables import GroundTruth, Predictions


def find_label_suspects(gt: GroundTruth, predictions: Predictions) -> list[Suspect]:
    """Return what looks wrong, the most suspicious first; unknown labels are left alone.

    Where classes exclude each other, an item is suspected of another class by that one's score
    times what its own lacks. Where they are independent, a positive label is suspected to be one
    too many by what its score lacks, a negative one to be missing by its score.

    Args:
        gt: The annotations to look through.
        predictions: Out-of-fold, with a score for each class of each item.

    Source: the ranking by self-confidence of Northcutt et al. 2021, "Confident learning",
        arXiv:1911.00068.
    """
    predictions = predictions.aligned_to(gt.images.ids)
    matches = match_for(gt, predictions, "ranking_AP", keep_gt=True)
    found = _of_classes(matches) if matches.items is not None else _of_heads(matches)
    suspects = [
        Suspect(
            kind, score, int(matches.image_index[seen]), row,
            tuple(predictions.bboxes[matches.rows[seen]].tolist()), int(matches.labels[seen]),
        )
        for kind, score, row, seen in found
        if score >= MIN_SCORE
    ]  # fmt: skip
    return sorted(suspects, key=lambda s: (-s.score, s.image, s.row is None, s.row or 0))


def _of_heads(matches: Matches) -> list[tuple[str, float, int | None, int]]:
    """Return kind, score, annotation and prediction of independent labels."""
    assert matches.matched_gt is not None
    outcomes, rows = matches.outcomes[0, 0], matches.matched_gt[0, 0]
    extra = [
        (EXTRA, float(1 - matches.scores[k]), int(rows[k]), k)
        for k in np.flatnonzero(outcomes == HIT).tolist()
    ]
    missing = [
        (MISSING, float(matches.scores[k]), None, k)
        for k in np.flatnonzero(outcomes == MISS).tolist()
    ]
    return [*extra, *missing]


def _of_classes(matches: Matches) -> list[tuple[str, float, int | None, int]]:
    """Return the same of items with one class each: its annotation, and the best other class."""
    assert matches.items is not None
    assert matches.matched_gt is not None
    outcomes = matches.outcomes[0, 0]
    wrong = np.flatnonzero(outcomes == MISS)
    wrong = wrong[np.argsort(-matches.scores[wrong], kind="stable")]
    items, first = np.unique(matches.items[wrong], return_index=True)
    best = dict(zip(items.tolist(), wrong[first].tolist(), strict=True))
    found: list[tuple[str, float, int | None, int]] = []
    for k in np.flatnonzero(outcomes == HIT).tolist():
        other = best.get(int(matches.items[k]))
        if other is not None:
            score = float(matches.scores[other] * (1 - matches.scores[k]))
            found.append((CLASS, score, int(matches.matched_gt[0, 0, k]), other))
    return found
