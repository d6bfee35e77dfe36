from __future__ import annotations

import numpy as np
import pytest

from custom.evaluation import COCO_AREAS, average_precision, match, score
from custom.evaluation.low_confidence import low_confidence_report
from custom.tables import GroundTruth, Predictions
from tests.evaluation.cases import make_case, make_gt, make_predictions
from tests.evaluation.real_data import trash_gt, trash_predictions


def with_low_confidence(gt: GroundTruth, predictions: Predictions, seed: int) -> Predictions:
    """Add boxes whose scores are below all others: on annotated boxes, and anywhere."""
    rng = np.random.default_rng(seed)
    near = rng.integers(0, gt.num_boxes, 60)
    corners = rng.uniform(0, 700, (60, 2))
    anywhere = np.hstack([corners, corners + rng.uniform(1, 300, (60, 2))])
    lowest = predictions.scores.min()
    some_images = rng.integers(0, predictions.num_images, 60)
    some_labels = rng.integers(0, len(gt.categories), 60)
    return Predictions.from_rows(
        predictions.image_ids,
        np.concatenate([predictions.image_index, gt.image_index[near], some_images]),
        np.vstack([predictions.bboxes, gt.bboxes[near] + rng.normal(0, 3, (60, 1)), anywhere]),
        np.append(predictions.scores, rng.uniform(0, 0.999 * lowest, 120)),
        np.concatenate([predictions.labels, gt.labels[near], some_labels]),
    )


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("max_dets", [2, 100])
def test_boxes_below_all_others_never_lower_ap(seed, max_dets):
    gt, predictions = make_case(seed, num_images=15)
    predictions = predictions.with_columns(scores=0.1 + 0.9 * predictions.scores)
    longer = with_low_confidence(gt, predictions, seed)
    pair = [
        match(gt, table, areas=tuple(COCO_AREAS), max_dets=max_dets)
        for table in (predictions, longer)
    ]
    higher = False
    for area in COCO_AREAS:
        before, after = (average_precision(matches, area) for matches in pair)
        known = ~np.isnan(before)
        np.testing.assert_array_equal(known, ~np.isnan(after))
        assert (after[known] >= before[known] - 1e-12).all()
        higher |= bool((after[known] > before[known]).any())
    assert higher  # the low-confidence boxes do hit something


def test_cuts_equal_scoring_what_is_left():
    gt, predictions = make_case(31)
    report = low_confidence_report(
        gt, predictions, score_thrs=(0.0, 0.35, 0.8, 1.1), counts=(1, 3, 500)
    )
    for row in report.by_score:
        left = predictions.keep(predictions.scores >= row.limit)
        assert row.num_boxes == left.num_boxes
        np.testing.assert_allclose(row.value, score(gt, left).value, atol=1e-12)
        assert row.cost == pytest.approx(report.full.value - row.value)
    rank = np.empty(predictions.num_boxes, int)
    for image in range(predictions.num_images):
        part = predictions.rows(image)
        rank[part] = np.argsort(np.argsort(-predictions.scores[part], kind="stable"))
    for row in report.by_count:
        left = predictions.keep(rank < row.limit)
        assert row.num_boxes == left.num_boxes
        np.testing.assert_allclose(row.value, score(gt, left).value, atol=1e-12)
    assert report.by_score[0].cost == 0
    assert report.by_score[-1].value == 0
    assert report.by_count[-1].cost == 0


def test_boxes_beyond_the_limit_are_counted():
    gt = make_gt([(0, 0, 0, 0, 9, 9)])
    report = low_confidence_report(gt, make_predictions([(0, 0, 0.5, 0, 0, 9, 9)] * 130))
    assert report.num_beyond_max_dets == 30


def test_on_real_predictions():
    report = low_confidence_report(trash_gt(), trash_predictions())
    costs = [row.cost for row in report.by_score]
    assert costs == sorted(costs)  # a higher threshold never pays
    assert report.by_score[4].cost == 0  # the file was cut at .3
    assert report.by_score[-1].cost > 0.1
