from __future__ import annotations

import numpy as np
import pytest

from custom.evaluation.reference import coco_eval, run_coco_eval
from custom.review.compute.analysis import AREAS, Analysis
from custom.review.compute.shapes import ap_by_aspect, ap_by_size
from tests.evaluation.cases import make_case, make_gt, make_predictions

TALL, WIDE, EVEN = (0, 0, 10, 40), (100, 0, 140, 10), (200, 0, 240, 40)
TWICE = (300, 0, 320, 10)  # just as wide as twice its height: wide


def test_ap_by_size_is_that_of_pycocotools() -> None:
    gt, predictions = make_case(3)
    parts = ap_by_size(Analysis(gt, predictions))
    ap, _ = run_coco_eval(coco_eval(gt, predictions, (0.5,), AREAS, (100,)))
    assert parts.names == ("small", "medium", "large")
    np.testing.assert_allclose(parts.ap, ap[0, :, 1:, 0].T, atol=1e-10)
    assert np.isfinite(parts.ap).sum() > 6
    assert parts.num_gt.sum() == (~gt.iscrowd).sum()


def test_boxes_and_misses_of_other_forms_do_not_count() -> None:
    gt = make_gt([(0, 0, *TALL), (0, 0, *WIDE), (0, 0, *TWICE)])
    found = [(0, 0, 0.9, 400, 0, 440, 40), (0, 0, 0.8, *TALL), (0, 0, 0.7, *WIDE)]
    parts = ap_by_aspect(Analysis(gt, make_predictions(found)))
    assert parts.names == ("tall", "even", "wide")
    assert parts.num_gt[:, 0].tolist() == [1, 0, 2]
    # The miss, better than both hits, is even; half of the wide boxes are found: 51 of 101 recalls.
    assert parts.ap[0, 0] == 1.0
    assert np.isnan(parts.ap[1, 0])
    assert parts.ap[2, 0] == pytest.approx(51 / 101)


def test_a_miss_of_the_same_form_counts() -> None:
    gt = make_gt([(0, 0, *EVEN)])
    found = [(0, 0, 0.9, 400, 0, 440, 40), (0, 0, 0.8, *EVEN)]
    parts = ap_by_aspect(Analysis(gt, make_predictions(found)))
    assert parts.ap[1, 0] == pytest.approx(1 / 2)


def test_means_leave_out_what_is_unknown() -> None:
    gt = make_gt([(0, 0, *TALL)], num_classes=2)
    parts = ap_by_aspect(Analysis(gt, make_predictions([(0, 0, 0.8, *TALL)])))
    np.testing.assert_array_equal(parts.means, [1.0, np.nan, np.nan])


@pytest.mark.parametrize("seed", range(3))
def test_forms_share_out_all_boxes(seed: int) -> None:
    gt, predictions = make_case(seed)
    parts = ap_by_aspect(Analysis(gt, predictions))
    expected = np.bincount(gt.labels[~gt.iscrowd], minlength=len(gt.categories))
    assert parts.num_gt.sum(axis=0).tolist() == expected.tolist()
