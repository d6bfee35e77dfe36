"""Metrics of labels of images and regions, against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    f1_score,
)

from custom.evaluation import (
    bootstrap_metric,
    match_for,
    paired_bootstrap,
    score,
    score_at_best,
    score_matches,
)
from tests.evaluation.cases import make_gt, make_predictions
from tests.evaluation.labelled import Labelled, make_labelled

METRICS = ("ranking_AP", "accuracy", "balanced_accuracy", "F1")
IMAGE, PART = (0, 0, 1000, 1000), (100, 100, 300, 300)


def known(case: Labelled, label: int):
    """Return the truth and the scores of the items whose label of this class is known."""
    rows = case.truth[:, label] >= 0
    return case.truth[rows, label], case.scores[rows, label]


@pytest.mark.parametrize("regions", [False, True])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ranking_ap_is_scikit_learns(seed, regions):
    case = make_labelled(seed, regions=regions)
    found = score(case.gt(), case.predictions(), "ranking_AP")
    expected = [average_precision_score(*known(case, label)) for label in range(3)]
    np.testing.assert_allclose(found.per_class, expected, atol=1e-12)
    assert found.value == pytest.approx(np.mean(expected), abs=1e-12)
    assert len(np.unique(case.scores)) < 12  # there are ties


@pytest.mark.parametrize("regions", [False, True])
def test_weighted_ranking_ap_is_scikit_learns(regions):
    case = make_labelled(4, regions=regions)
    matches = match_for(case.gt(), case.predictions(), "ranking_AP")
    weights = np.random.default_rng(0).integers(0, 4, case.num_images)
    of_item = weights[case.image_index]
    expected = [
        average_precision_score(*known(case, c), sample_weight=of_item[case.truth[:, c] >= 0])
        for c in range(3)
    ]
    found = score_matches(matches, "ranking_AP", weights)
    np.testing.assert_allclose(found.per_class, expected, atol=1e-12)


def test_a_positive_without_a_prediction_is_never_found():
    # Two of three positives are found, first and second: 1/3 + 1/3.
    gt = make_gt([(i, 0, *IMAGE) for i in range(3)], 4)
    found = make_predictions([(0, 0, 0.9, *IMAGE), (1, 0, 0.8, *IMAGE), (3, 0, 0.7, *IMAGE)], 4)
    assert score(gt, found, "ranking_AP").value == pytest.approx(2 / 3, abs=1e-12)


@pytest.mark.parametrize(
    ("unknown", "expected"),
    [
        # The negative part has the higher score: precision 1/2 at the positive.
        pytest.param(None, 1 / 2, id="known"),
        # Unknown is the label of the part itself ...
        pytest.param(PART, 1.0, id="the part"),
        # ... and not of a part that lies in it.
        pytest.param((0, 0, 900, 900), 1 / 2, id="around the part"),
    ],
)
def test_an_unknown_label_is_ignored_and_no_other(unknown, expected):
    rows = [(0, 0, 400, 400, 600, 600)] + ([(0, 0, *unknown)] if unknown else [])
    gt = make_gt(rows, crowds=[False, True][: len(rows)])
    found = make_predictions([(0, 0, 0.9, *PART), (0, 0, 0.8, 400, 400, 600, 600)])
    assert score(gt, found, "ranking_AP").value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("regions", [False, True])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_exclusive_classes_are_scikit_learns_of_the_highest_score(seed, regions):
    case = make_labelled(seed, regions=regions, exclusive=True)
    rows = case.truth.min(axis=1) >= 0
    pair = case.truth[rows].argmax(axis=1), case.scores[rows].argmax(axis=1)
    recalls = [(pair[1][pair[0] == label] == label).mean() for label in range(3)]
    expected = {
        "accuracy": (accuracy_score(*pair), recalls),
        "balanced_accuracy": (balanced_accuracy_score(*pair), recalls),
        "F1": (f1_score(*pair, average="macro"), f1_score(*pair, average=None)),
    }
    assert rows.sum() < len(rows)
    for name, (value, per_class) in expected.items():
        found = score_at_best(case.gt(), case.predictions(), name)
        assert found.value == pytest.approx(value, abs=1e-12), name
        np.testing.assert_allclose(found.per_class, per_class, atol=1e-12)
        assert found.score_thr == 0.0


@pytest.mark.parametrize("regions", [False, True])
def test_independent_classes_are_scikit_learns_at_one_threshold(regions):
    case = make_labelled(5, regions=regions)
    expected = {
        "accuracy": accuracy_score,
        "balanced_accuracy": balanced_accuracy_score,
        "F1": f1_score,
    }
    for name, reference in expected.items():
        matches = match_for(case.gt(), case.predictions(), name)
        assert matches.items is None
        values = {}
        for thr in np.unique(case.scores):
            found = score_matches(matches.without(matches.scores < thr), name)
            pairs = [known(case, label) for label in range(3)]
            by_head = [reference(truth, scores >= thr) for truth, scores in pairs]
            np.testing.assert_allclose(found.per_class, by_head, atol=1e-12)
            values[thr] = np.mean(by_head)
        best = score_at_best(case.gt(), case.predictions(), name)
        assert best.value == pytest.approx(max(values.values()), abs=1e-12)


def test_an_item_without_any_prediction_is_decided_wrong():
    gt = make_gt([(0, 0, *IMAGE), (1, 1, *IMAGE), (2, 1, *IMAGE)], 3, 2)
    found = make_predictions(
        [(i, c, 0.9 if c == min(i, 1) else 0.1, *IMAGE) for i in range(2) for c in range(2)], 3
    )
    assert score(gt, found, "accuracy").value == pytest.approx(2 / 3, abs=1e-12)
    assert score(gt, found, "balanced_accuracy").value == pytest.approx((1 + 1 / 2) / 2)


def test_regions_that_overlap_are_matched_to_their_own():
    # IoU of the two is .81: at IoU .5, the negative with its higher score would take the positive.
    gt = make_gt([(0, 0, 0, 0, 100, 100)])
    found = make_predictions([(0, 0, 0.9, 0, 0, 90, 90), (0, 0, 0.8, 0, 0, 100, 100)])
    assert score(gt, found, "AP50").value == 1.0
    assert score(gt, found, "ranking_AP").value == 1 / 2


def test_averaged_boxes_are_still_equal():
    gt = make_gt([(0, 0, *PART), (0, 1, *IMAGE)], num_classes=2)
    thirds = np.array(PART) / 3
    moved = tuple(thirds + thirds + thirds + 1e-6)
    rows = [(0, c, s, *box) for c, s, box in ((0, 0.9, PART), (1, 0.1, moved), (0, 0.2, IMAGE))]
    found = make_predictions([*rows, (0, 1, 0.8, *IMAGE)])
    matches = match_for(gt, found, "accuracy")
    assert matches.items is not None
    # By class, then score: part, image; image, part.
    assert matches.items[0] == matches.items[3] != matches.items[1] == matches.items[2]
    assert score(gt, found, "accuracy").value == 1.0


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("exclusive", [False, True])
def test_weights_stand_for_repeated_images(metric, exclusive):
    case = make_labelled(6, 30, exclusive=exclusive)
    matches = match_for(case.gt(), case.predictions(), metric)
    weights = np.random.default_rng(1).integers(0, 3, case.num_images)
    times = np.repeat(np.arange(30), weights)
    again = Labelled(
        np.arange(len(times)), case.bboxes[times], case.truth[times], case.scores[times]
    )
    expected = score(again.gt(), again.predictions(), metric)
    found = score_matches(matches, metric, weights)
    assert found.value == pytest.approx(expected.value, abs=1e-12)
    np.testing.assert_allclose(found.per_class, expected.per_class, atol=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_the_bootstrap_tells_a_worse_classifier(metric):
    case = make_labelled(7, 200, exclusive=metric != "ranking_AP")
    noise = np.random.default_rng(2).normal(0, 0.5, case.scores.shape)
    tables = case.predictions(), case.predictions(case.scores + noise)
    pair = [match_for(case.gt(), table, metric) for table in tables]
    interval = paired_bootstrap(*pair, num_resamples=200, metric=metric)
    assert 0 < interval.low < interval.difference < interval.high
    assert bootstrap_metric(pair[0], metric, 5).shape == (5, 4)


def test_a_class_without_positives_is_nan_and_not_in_the_mean():
    gt = make_gt([(0, 0, *IMAGE)], 2, 2)
    found = make_predictions([(i, c, 0.9 - i / 2, *IMAGE) for i in range(2) for c in range(2)], 2)
    for metric in METRICS:
        result = score_at_best(gt, found, metric)
        assert np.isnan(result.per_class[1]) == (metric != "accuracy")
        assert result.value == 1.0 or metric == "accuracy"
