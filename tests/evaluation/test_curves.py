from __future__ import annotations

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.evaluation import match, score
from custom.evaluation.curves import precision_recall
from tests.evaluation.cases import make_case, make_gt, make_predictions

BOX, FAR, FARTHER = (0, 0, 100, 100), (500, 0, 600, 100), (800, 0, 900, 100)


def test_by_hand():
    gt = make_gt([(0, 0, *BOX), (0, 0, *FAR)])
    # Hit at .9; a miss and a hit at .5, which a threshold lets in together; a miss at .1.
    found = make_predictions(
        [(0, 0, 0.9, *BOX), (0, 0, 0.5, *FARTHER), (0, 0, 0.5, *FAR), (0, 0, 0.1, *FARTHER)]
    )
    curve = precision_recall(match(gt, found, (0.5,)), 0)
    np.testing.assert_allclose(curve.scores, [0.9, 0.5, 0.1])
    np.testing.assert_allclose(curve.precision, [1, 2 / 3, 2 / 4])
    np.testing.assert_allclose(curve.recall, [1 / 2, 1, 1])
    np.testing.assert_allclose(curve.envelope, [1, 2 / 3, 2 / 4])
    # F1: 2 * 1 * .5 / 1.5, 2 * 2/3 / (5/3), 2 * .5 / 1.5
    np.testing.assert_allclose(curve.f_beta(), [2 / 3, 4 / 5, 2 / 3])
    assert curve.best_score_thr() == 0.5


def test_every_point_is_what_the_threshold_gives():
    gt, predictions = make_case(41, crowd_share=0)
    matches = match(gt, predictions, (0.5, 0.75))
    curve = precision_recall(matches, 1, iou_index=1)
    assert len(curve.scores) > 5
    for k in range(len(curve.scores)):
        left = match(gt, predictions.keep(predictions.scores >= curve.scores[k]), (0.75,))
        outcomes = left.outcomes[0, 0, left.of_class(1)]
        assert curve.precision[k] == pytest.approx((outcomes == 1).mean())
        assert curve.recall[k] == pytest.approx((outcomes == 1).sum() / curve.num_gt)


def test_ap_is_the_mean_of_the_envelope():
    gt, predictions = make_case(42, ties=False)
    curve = precision_recall(match(gt, predictions, (0.5,)), 2)
    points = np.searchsorted(curve.recall, np.linspace(0, 1, 101), side="left")
    reached = np.append(curve.envelope, 0.0)[points]
    assert score(gt, predictions).per_class[2] == pytest.approx(reached.mean(), abs=1e-12)


@pytest.mark.parametrize("rows", [[], [(0, 0, 0.9, *BOX)]])
def test_nothing_annotated(rows):
    curve = precision_recall(match(make_gt([]), make_predictions(rows), (0.5,)), 0)
    assert len(curve.scores) == len(rows)
    assert np.isnan(curve.recall).all()
    assert np.isnan(curve.best_score_thr())


def test_bad_arguments():
    matches = match(*make_case(1), (0.5,))
    with pytest.raises(PodiumError, match=r"label must be 0\.\.4, but is 5"):
        precision_recall(matches, 5)
    with pytest.raises(PodiumError, match="area must be among"):
        precision_recall(matches, 0, area="small")
