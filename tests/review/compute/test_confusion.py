from __future__ import annotations

import numpy as np
import pytest

from custom.review.compute.analysis import Analysis
from custom.review.compute.confusion import confusion
from tests.evaluation.cases import make_case, make_gt, make_predictions


def test_a_matrix_by_hand() -> None:
    """Three boxes of class 0, one of class 1.

    The first is found, and called 1 as well by a better score; the second is called 1; the third
    is missed; the box of class 1 is found, once more, and there is one more detection on nothing.
    """
    boxes = [[100 * k, 0, 100 * k + 50, 50] for k in range(5)]
    gt = make_gt([(0, 0, *boxes[0]), (0, 0, *boxes[1]), (0, 0, *boxes[2]), (0, 1, *boxes[3])],
                 num_classes=2)  # fmt: skip
    predictions = make_predictions(
        [
            (0, 0, 0.8, *boxes[0]),
            (0, 1, 0.9, *boxes[0]),
            (0, 1, 0.7, *boxes[1]),
            (0, 1, 0.95, *boxes[3]),
            (0, 1, 0.94, *boxes[3]),
            (0, 1, 0.93, *boxes[4]),
        ]
    )
    analysis = Analysis(gt, predictions)
    analysis.__dict__["thresholds"] = np.array([0.5, 0.5])
    expected = [
        [1, 1, 1],  # found, called 1, missed
        [0, 1, 0],
        [0, 3, 0],  # called 1: the found box, the duplicate, the background
    ]
    assert confusion(analysis).counts.tolist() == expected


def test_low_scores_do_not_count() -> None:
    gt = make_gt([(0, 0, 0, 0, 50, 50)])
    good, bad = (0, 0, 0.9, 0, 0, 50, 50), (0, 0, 0.1, 500, 500, 550, 550)
    analysis = Analysis(gt, make_predictions([good, bad]))
    assert analysis.thresholds.tolist() == [0.9]
    assert confusion(analysis).counts.tolist() == [[1, 0], [0, 0]]


@pytest.mark.parametrize("seed", range(4))
def test_every_box_and_detection_is_counted_once(seed: int) -> None:
    gt, predictions = make_case(seed, crowd_share=0.0)
    analysis = Analysis(gt, predictions)
    counts = confusion(analysis).counts
    assert counts[:-1].sum(axis=1).tolist() == np.bincount(gt.labels, minlength=5).tolist()
    kept = predictions.labels[predictions.scores >= analysis.thresholds[predictions.labels]]
    assert counts[:, :-1].sum(axis=0).tolist() == np.bincount(kept, minlength=5).tolist()
    recall = [curve.recall[curve.f_beta().argmax()] for curve in analysis.curves[:4]]
    assert np.diag(counts)[:4] / analysis.score.num_gt[:4] == pytest.approx(recall)
    assert np.diag(counts)[:4].min() > 0


def test_nothing_found_is_all_missed() -> None:
    gt = make_gt([(0, 0, 0, 0, 50, 50), (0, 1, 0, 0, 9, 9)], num_classes=2)
    counts = confusion(Analysis(gt, make_predictions([]))).counts
    assert counts.tolist() == [[0, 0, 1], [0, 0, 1], [0, 0, 0]]
