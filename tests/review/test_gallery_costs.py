from __future__ import annotations

import numpy as np
import pytest

from custom.evaluation.errors import ErrorReport, find_errors
from custom.review.compute.costs import error_costs
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth
from custom.testing.toy_runs import jittered, make_toy_annotations
from tests.evaluation.cases import make_gt

A, B, C = [0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]
NOWHERE, ELSEWHERE = [80, 80, 90, 90], [60, 60, 70, 70]


def truth(
    bboxes: list[list[int]],
    labels: list[int],
    num_classes: int = 1,
    crowds: list[bool] | None = None,
) -> GroundTruth:
    rows = [(0, label, *bbox) for label, bbox in zip(labels, bboxes, strict=True)]
    return make_gt(rows, num_classes=num_classes, crowds=crowds)


def found(bboxes: list[list[int]], scores: list[float], labels: list[int]) -> Predictions:
    return Predictions.from_rows([0], [0] * len(bboxes), bboxes, scores, labels)


def test_a_false_detection_costs_what_later_hits_lose_by_it() -> None:
    gt = truth([A, B, C], [0, 0, 0])
    # By falling score: false, hit, false, hit. C is missed.
    predictions = found([B, NOWHERE, A, ELSEWHERE], [0.6, 0.9, 0.8, 0.7], [0, 0, 0, 0])
    costs = error_costs(gt, find_errors(gt, predictions))
    first = ((1 / 1 + 2 / 3) - (1 / 2 + 2 / 4)) / 3
    second = ((1 / 2 + 2 / 3) - (1 / 2 + 2 / 4)) / 3
    assert costs.detections == pytest.approx([0, first, 0, second])
    assert costs.missed == pytest.approx([0, 0, 1 / 3])


def test_a_box_is_worth_its_share_of_its_class_and_of_the_classes_that_have_boxes() -> None:
    gt = truth([A, B, C], [0, 0, 2], num_classes=3)
    costs = error_costs(gt, find_errors(gt, Predictions.empty([0])))
    assert costs.missed == pytest.approx([1 / 2 / 2, 1 / 2 / 2, 1 / 1 / 2])


def test_the_surest_wrong_class_on_a_box_has_its_cost() -> None:
    gt = truth([A, B], [0, 1], num_classes=2)
    predictions = found([A, A], [0.9, 0.8], [1, 1])
    report = find_errors(gt, predictions)
    assert report.kinds.tolist() == [1, 1]
    costs = error_costs(gt, report)
    # Both take nothing from hits, since there are none; A's one box of one of two classes.
    assert costs.detections == pytest.approx([1 / 1 / 2, 0])
    assert costs.missed == pytest.approx([0, 1 / 1 / 2])


def test_a_wrong_class_on_a_box_that_is_hit_costs_no_box() -> None:
    gt = truth([A, B], [0, 1], num_classes=2)
    predictions = found([A, A, B], [0.9, 0.8, 0.7], [0, 1, 1])
    costs = error_costs(gt, find_errors(gt, predictions))
    assert costs.detections == pytest.approx([0, (1 / 1 - 1 / 2) / 2, 0])
    assert costs.missed.tolist() == [0, 0]


def test_what_lies_in_a_crowd_costs_nothing() -> None:
    gt = truth([A, C], [0, 0], crowds=[False, True])
    predictions = found([C, A], [0.9, 0.8], [0, 0])
    costs = error_costs(gt, find_errors(gt, predictions))
    assert costs.detections.tolist() == [0, 0]
    assert costs.missed.tolist() == [0, 0]


def plain_ap(gt: GroundTruth, report: ErrorReport, without: int | None = None) -> float:
    """mAP as the mean of the precisions at the hits, without interpolation."""
    values = []
    for label in np.unique(gt.labels):
        rows = np.flatnonzero((report.predictions.labels == label) & (report.kinds >= 0))
        rows = rows[rows != without] if without is not None else rows
        rows = rows[np.argsort(-report.predictions.scores[rows], kind="stable")]
        is_hit = report.kinds[rows] == 0
        precision = np.cumsum(is_hit) / np.arange(1, len(rows) + 1)
        values.append(precision[is_hit].sum() / (gt.labels == label).sum())
    return float(np.mean(values))


def test_costs_equal_removing_each_false_detection(tmp_path) -> None:
    gt = read_ground_truth(make_toy_annotations(tmp_path / "train.json", 20))
    report = find_errors(gt, jittered(gt, seed=3))
    costs = error_costs(gt, report).detections
    claimed = 0
    num_classes, per_class = 3, np.bincount(gt.labels)
    for row in np.flatnonzero(report.kinds > 0):
        gain = plain_ap(gt, report, without=row) - plain_ap(gt, report)
        box = 1 / per_class[gt.labels[report.gt_rows[row]]] / num_classes
        assert min(abs(costs[row] - gain), abs(costs[row] - gain - box)) < 1e-12
        claimed += abs(costs[row] - gain - box) < 1e-12
    # Each box that nothing hits is counted once: as missed, or by the error that hides it.
    hit = np.unique(report.gt_rows[report.kinds == 0])
    assert claimed == gt.num_boxes - len(hit) - report.missed.sum() > 0
