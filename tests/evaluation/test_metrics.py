"""The metrics of other competitions, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.evaluation import score, score_matches
from custom.evaluation.scoring import checked_against_reference, match_for
from tests.evaluation.cases import make_case, make_gt, make_predictions

# Boxes 100 high: as part of BOX, a box `w` wide has IoU w / 100 with it.
BOX, FAR, FARTHER = (0, 0, 100, 100), (500, 0, 600, 100), (800, 0, 900, 100)


def part(width: int) -> tuple[int, int, int, int]:
    return (0, 0, width, 100)


@pytest.mark.parametrize(
    ("gt_boxes", "dets", "expected"),
    [
        pytest.param([BOX], [(0.9, part(41))], 1.0, id="above 0.4"),
        pytest.param([BOX], [(0.9, part(40))], 0.0, id="at 0.4 is not above"),
        # Half found, precision 1 up to recall 1/2 and nothing beyond.
        pytest.param([BOX, FAR], [(0.9, BOX)], 1 / 2, id="half found"),
        # Miss, hit, hit: precision 1/2, then 2/3, made monotone: 2/3 over both halves.
        pytest.param([BOX, FAR], [(0.9, FARTHER), (0.8, BOX), (0.7, FAR)], 2 / 3, id="monotone"),
        # Hit, miss, hit: 1 over the first half, 2/3 over the second.
        pytest.param(
            [BOX, FAR], [(0.9, BOX), (0.8, FARTHER), (0.7, FAR)], (1 + 2 / 3) / 2, id="two steps"
        ),
        pytest.param([], [(0.9, BOX)], np.nan, id="nothing annotated"),
        pytest.param([BOX], [], 0.0, id="nothing found"),
    ],
)
def test_vinbigdata(gt_boxes, dets, expected):
    gt = make_gt([(0, 0, *box) for box in gt_boxes])
    found = make_predictions([(0, 0, s, *box) for s, box in dets])
    np.testing.assert_allclose(score(gt, found, "vinbigdata").value, expected, atol=1e-12)


def test_voc_gives_no_second_best_box():
    # Two boxes shifted by 30: the second detection fits the first box best (1 against 70/130),
    # which is taken. COCO lets it have the other; VOC calls it a miss.
    gt = make_gt([(0, 0, *BOX), (0, 0, 30, 0, 130, 100)])
    found = make_predictions([(0, 0, 0.9, *BOX), (0, 0, 0.8, *BOX)])
    assert score(gt, found, "AP50").value == 1.0
    assert score(gt, found, "voc").value == 1 / 2


@pytest.mark.parametrize(
    ("gt_boxes", "dets", "expected"),
    [
        pytest.param([BOX], [(0.9, BOX)], 1.0, id="perfect"),
        # IoU .62 is above .5, .55 and .6, not above .65, .7 and .75.
        pytest.param([BOX], [(0.9, part(62))], 3 / 6, id="half of the thresholds"),
        # IoU exactly .5 is not above .5.
        pytest.param([BOX], [(0.9, part(50))], 0.0, id="at the first threshold"),
        # One hit, one miss, one box not found: 1 / (1 + 1 + 1).
        pytest.param([BOX, FAR], [(0.9, BOX), (0.1, FARTHER)], 1 / 3, id="hit, miss, not found"),
        pytest.param([], [(0.9, BOX)], 0.0, id="found where nothing is"),
        pytest.param([], [], np.nan, id="nothing at all"),
        pytest.param([BOX], [], 0.0, id="nothing found"),
    ],
)
def test_wheat(gt_boxes, dets, expected):
    gt = make_gt([(0, 0, *box) for box in gt_boxes])
    found = make_predictions([(0, 0, s, *box) for s, box in dets])
    np.testing.assert_allclose(score(gt, found, "wheat").value, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("gt_boxes", "dets", "expected"),
    [
        # IoU .62 is above .4, .45, .5, .55 and .6 of the eight thresholds.
        pytest.param([BOX], [(0.9, part(62))], 5 / 8, id="five of the thresholds"),
        pytest.param([BOX], [(0.9, part(40))], 0.0, id="at the first threshold"),
        pytest.param([BOX, FAR], [(0.9, BOX), (0.1, FARTHER)], 1 / 3, id="hit, miss, not found"),
        pytest.param([], [(0.9, BOX)], 0.0, id="found where nothing is"),
        pytest.param([], [], np.nan, id="nothing at all"),
    ],
)
def test_rsna(gt_boxes, dets, expected):
    gt = make_gt([(0, 0, *box) for box in gt_boxes])
    found = make_predictions([(0, 0, s, *box) for s, box in dets])
    np.testing.assert_allclose(score(gt, found, "rsna").value, expected, atol=1e-12)


@pytest.mark.parametrize(("width", "expected"), [(50, 0.0), (51, 1.0)])
def test_siim_asks_for_more_than_half(width, expected):
    gt, found = make_gt([(0, 0, *BOX)]), make_predictions([(0, 0, 0.9, *part(width))])
    assert score(gt, found, "siim").value == expected


def test_wheat_is_a_mean_over_images():
    # Image 0 scores 1, image 1 scores 1/3, image 2 has no boxes and a miss, image 3 is empty.
    gt = make_gt([(0, 0, *BOX), (1, 0, *BOX), (1, 0, *FAR)], 4)
    found = make_predictions(
        [(0, 0, 0.9, *BOX), (1, 0, 0.9, *BOX), (1, 0, 0.8, *FARTHER), (2, 0, 0.1, *BOX)], 4
    )
    assert score(gt, found, "wheat").value == pytest.approx((1 + 1 / 3 + 0) / 3, abs=1e-12)


@pytest.mark.parametrize(
    ("gt_boxes", "dets", "expected"),
    [
        pytest.param([BOX], [(0.9, BOX)], 1.0, id="perfect"),
        # IoU .5 reaches .3, .35, .4, .45 and .5 of the eleven thresholds.
        pytest.param([BOX], [(0.9, part(50))], 5 / 11, id="at a threshold"),
        # TP 1, FN 1, FP 1: 5 / (5 + 4 + 1).
        pytest.param([BOX, FAR], [(0.9, BOX), (0.1, FARTHER)], 5 / 10, id="hit, miss, not found"),
        # A miss costs less than a box not found: 5 / (5 + 1) against 5 / (5 + 4).
        pytest.param([BOX], [(0.9, BOX), (0.1, FAR)], 5 / 6, id="miss"),
        pytest.param([BOX, FAR], [(0.9, BOX)], 5 / 9, id="not found"),
        pytest.param([], [(0.9, BOX)], np.nan, id="nothing annotated"),
    ],
)
def test_gbr_f2(gt_boxes, dets, expected):
    gt = make_gt([(0, 0, *box) for box in gt_boxes])
    found = make_predictions([(0, 0, s, *box) for s, box in dets])
    np.testing.assert_allclose(score(gt, found, "gbr_f2").value, expected, atol=1e-12)


def test_gbr_f2_adds_up_over_images():
    # Image 0: TP 1. Image 1: FN 1, FP 2. Together 5 / (5 + 4 + 2), not the mean of 1 and 0.
    gt = make_gt([(0, 0, *BOX), (1, 0, *BOX)], 2)
    found = make_predictions([(0, 0, 0.9, *BOX), (1, 0, 0.9, *FAR), (1, 0, 0.8, *FARTHER)], 2)
    assert score(gt, found, "gbr_f2").value == pytest.approx(5 / 11, abs=1e-12)


@pytest.mark.parametrize("metric", ["voc", "vinbigdata", "siim", "wheat", "rsna", "gbr_f2"])
def test_weights_of_one_change_nothing_and_weights_of_zero_remove(metric):
    gt, predictions = make_case(9)
    matches = match_for(gt, predictions, metric)
    ones = np.ones(len(gt.images), np.int64)
    expected = score(gt, predictions, metric).per_class
    np.testing.assert_allclose(score_matches(matches, metric, ones).per_class, expected)
    half = ones * (np.arange(len(ones)) < 20)
    part_score = score(gt.take(np.arange(20)), predictions, metric).per_class
    np.testing.assert_allclose(score_matches(matches, metric, half).per_class, part_score)


def test_more_than_a_hundred_boxes_count_where_the_metric_has_no_limit():
    gt = make_gt([(0, 0, *BOX)])
    misses = [(0, 0, 0.9, *FAR)] * 150
    found = make_predictions([*misses, (0, 0, 0.1, *BOX)])
    assert score(gt, found, "gbr_f2").value == pytest.approx(5 / (5 + 150), abs=1e-12)
    assert score(gt, found, "AP50").value == 0.0
    assert score(gt, found, "AP50", max_dets=151).value == pytest.approx(1 / 151, abs=1e-12)


def test_the_reference_knows_only_coco():
    with pytest.raises(PodiumError, match="only COCO's metrics, not 'wheat'"):
        checked_against_reference(*make_case(1), "wheat")
