from __future__ import annotations

import numpy as np

from custom.review.compute.analysis import Analysis
from custom.review.compute.histograms import NUM_BINS, curve_points, score_edges, score_histogram
from tests.evaluation.cases import make_case, make_gt, make_predictions

BOX, FAR = (0, 0, 50, 50), (200, 200, 260, 260)


def test_hits_and_misses_by_score() -> None:
    gt = make_gt([(0, 0, *BOX)])
    analysis = Analysis(gt, make_predictions([(0, 0, 0.99, *BOX), (0, 0, 0.01, *FAR)]))
    hits, misses = score_histogram(analysis, 0)
    assert (np.flatnonzero(hits).tolist(), np.flatnonzero(misses).tolist()) == ([NUM_BINS - 1], [0])


def test_scores_above_one_are_in_the_last_bin() -> None:
    gt = make_gt([(0, 0, *BOX)])
    hits, _ = score_histogram(Analysis(gt, make_predictions([(0, 0, 1.2, *BOX)])), 0)
    assert hits[-1] == 1


def test_every_detection_that_counts_is_in_one_bin() -> None:
    gt, predictions = make_case(2, crowd_share=0.0)
    analysis = Analysis(gt, predictions)
    total = sum(np.sum(score_histogram(analysis, label)) for label in range(5))
    assert total == predictions.num_boxes
    assert len(score_edges()) == NUM_BINS + 1


def test_a_long_curve_keeps_its_ends_and_its_form() -> None:
    rng = np.random.default_rng(0)
    n = 3000
    gt = make_gt([(k, 0, *BOX) for k in range(n)], num_images=n)
    scores = rng.uniform(0.05, 1, n)
    place = np.where(rng.random(n) < scores, 0, 100)
    rows = [(k, 0, scores[k], *(np.array(BOX) + place[k])) for k in range(n)]
    curve = Analysis(gt, make_predictions(rows, num_images=n)).curves[0]
    points = curve_points(curve)
    assert len(points) < 300 < len(curve.scores)
    assert (points[0], points[-1]) == (0, len(curve.scores) - 1)
    drawn = np.interp(curve.recall, curve.recall[points], curve.precision[points])
    assert np.abs(drawn - curve.precision)[100:].max() < 0.01


def test_a_short_curve_keeps_every_corner() -> None:
    """Two hits, with three misses between them: the fall to the last of these must be drawn."""
    gt = make_gt([(0, 0, *BOX), (0, 0, *FAR)])
    misses = [(0, 0, 0.8 - k / 10, 500, 500, 550, 550) for k in range(3)]
    rows = [(0, 0, 0.9, *BOX), *misses, (0, 0, 0.2, *FAR), (0, 0, 0.1, 700, 700, 800, 800)]
    curve = Analysis(gt, make_predictions(rows)).curves[0]
    points = curve_points(curve)
    assert points.tolist() == [0, 3, 4, 5]
    assert curve.precision[points].tolist() == [1, 1 / 4, 2 / 5, 2 / 6]


def test_a_class_without_detections_has_no_points() -> None:
    gt = make_gt([(0, 0, *BOX)])
    assert len(curve_points(Analysis(gt, make_predictions([])).curves[0])) == 0
