from __future__ import annotations

import numpy as np
import pytest

from custom.evaluation import (
    METRICS,
    average_precision,
    average_recall,
    checked_against_reference,
    match,
    score,
)
from custom.evaluation.matches import COCO_AREAS, COCO_IOU_THRS
from custom.evaluation.reference import coco_eval, run_coco_eval
from tests.evaluation.cases import make_case, make_gt, make_predictions
from tests.evaluation.real_data import coco_gt, coco_predictions, trash_gt, trash_predictions

ALL_AREAS = tuple(COCO_AREAS)


def assert_equal_to_pycocotools(gt, predictions, iou_thrs, max_dets) -> np.ndarray:
    ap, recall = run_coco_eval(coco_eval(gt, predictions, iou_thrs, ALL_AREAS, max_dets))
    matches = match(gt, predictions, iou_thrs, ALL_AREAS, max(max_dets))
    for a, area in enumerate(ALL_AREAS):
        for m, limit in enumerate(sorted(max_dets)):
            ours = average_precision(matches, area, limit)
            np.testing.assert_allclose(ours, ap[:, :, a, m], rtol=0, atol=1e-10)
            found = average_recall(matches, area, limit)
            np.testing.assert_allclose(found, recall[:, :, a, m], rtol=0, atol=1e-10)
    return ap


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("max_dets", [(1, 10, 100), (2, 3)])
def test_random_grid(seed, max_dets):
    gt, predictions = make_case(seed)
    ap = assert_equal_to_pycocotools(gt, predictions, COCO_IOU_THRS, max_dets)
    # The case is not vacuous: there are ties, crowds, classes without boxes, and values between.
    assert len(np.unique(predictions.scores)) < predictions.num_boxes / 4
    assert gt.iscrowd.any()
    assert np.isnan(ap).any()
    assert ((ap > 0.05) & (ap < 0.95)).any()


@pytest.mark.parametrize("iou_thrs", [(0.1,), (0.3, 0.35), (0.999, 1.0)])
def test_other_thresholds(iou_thrs):
    assert_equal_to_pycocotools(*make_case(11), iou_thrs, (100,))


def test_ties_in_iou_go_to_the_later_box():
    # The first detection has IoU 90/110 with both boxes and takes the second, which leaves the
    # second detection a box with which it has 80/120, below .75.
    gt = make_gt([(0, 0, 0, 0, 100, 100), (0, 0, 20, 0, 120, 100)])
    found = make_predictions([(0, 0, 0.9, 10, 0, 110, 100), (0, 0, 0.8, 20, 0, 120, 100)])
    assert match(gt, found, (0.75,)).outcomes[0, 0].tolist() == [1, 0]
    assert_equal_to_pycocotools(gt, found, COCO_IOU_THRS, (1, 100))


def test_duplicates():
    gt, predictions = make_case(3, num_images=10)
    rows = np.repeat(np.arange(predictions.num_boxes), 3)
    doubled = type(predictions).from_rows(
        predictions.image_ids,
        predictions.image_index[rows],
        np.round(predictions.bboxes[rows] / 20) * 20 + [0, 0, 20, 20],
        predictions.scores[rows],
        predictions.labels[rows],
    )
    assert_equal_to_pycocotools(gt, doubled, COCO_IOU_THRS, (1, 10, 100))


def test_trash_all_metrics():
    gt, predictions = trash_gt(), trash_predictions()
    ap = assert_equal_to_pycocotools(gt, predictions, COCO_IOU_THRS, (1, 10, 100))
    assert score(gt, predictions).value == pytest.approx(0.5244, abs=1e-4)
    assert score(gt, predictions, "AP").value == pytest.approx(0.4093, abs=1e-4)
    assert np.nanmean(ap[:, :, 0, 2]) == pytest.approx(0.4093, abs=1e-4)


def test_coco_with_crowds():
    gt, predictions = coco_gt(), coco_predictions()
    assert gt.iscrowd.sum() == 9
    assert_equal_to_pycocotools(gt, predictions, COCO_IOU_THRS, (1, 10, 100))
    assert score(gt, predictions, "AP").value == pytest.approx(0.504581, abs=1e-6)
    assert score(gt, predictions, "AP50").value == pytest.approx(0.696973, abs=1e-6)


@pytest.mark.parametrize("metric", [name for name, m in METRICS.items() if m.reference])
def test_every_coco_metric_is_checked(metric):
    checked = checked_against_reference(*make_case(5), metric)
    assert checked.checked
    assert 0 < checked.value < 1
