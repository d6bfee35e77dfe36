from __future__ import annotations

import numpy as np

from custom.training.visualization.curves import class_curves, counts_at, thin
from tests.evaluation.cases import make_gt, make_predictions

HIT, MISS = (0, 0, 10, 10), (50, 50, 60, 60)


def curves():
    # Class 0: four boxes; hits at .9 and .6, misses at .8 and .3. Class 1: no boxes.
    gt = make_gt([(i, 0, *HIT) for i in range(4)], 4, 2)
    rows = [(0, 0, 0.9, *HIT), (1, 0, 0.8, *MISS), (1, 0, 0.6, *HIT), (2, 0, 0.3, *MISS)]
    return class_curves(gt, make_predictions(rows, 4))


def test_only_annotated_classes_have_a_curve() -> None:
    (curve,) = curves().values()
    assert curve.num_kept.tolist() == [1, 2, 3, 4]
    assert curve.recall.tolist() == [1 / 4, 1 / 4, 2 / 4, 2 / 4]


def test_counts_at_thresholds() -> None:
    (curve,) = curves().values()
    found = counts_at(curve, np.array([0.0, 0.3, 0.5, 0.7, 0.9, 0.95]))
    assert found.tp.tolist() == [2, 2, 2, 1, 1, 0]
    assert found.fp.tolist() == [2, 2, 1, 1, 0, 0]
    assert found.fn.tolist() == [2, 2, 2, 3, 3, 4]
    np.testing.assert_allclose(found.precision, [1 / 2, 1 / 2, 2 / 3, 1 / 2, 1, 1])
    np.testing.assert_allclose(found.recall, [2 / 4, 2 / 4, 2 / 4, 1 / 4, 1 / 4, 0])


def test_a_class_that_is_never_found() -> None:
    (curve,) = class_curves(make_gt([(0, 0, *HIT)], 1), make_predictions([], 1)).values()
    found = counts_at(curve, np.array([0.0, 1.0]))
    assert (found.tp.tolist(), found.fn.tolist()) == ([0, 0], [1, 1])
    assert thin(curve).tolist() == []


def test_thinning_keeps_both_ends_and_spreads_over_recall() -> None:
    # A thousand points, nine tenths of them at recalls below a half.
    gt = make_gt([(i, 0, *HIT) for i in range(200)], 200)
    rows = [(i, 0, 0.9 - i / 1000, *HIT) for i in range(200)]
    rows += [(i % 200, 0, 0.95 - i / 2000, *MISS) for i in range(800)]
    (curve,) = class_curves(gt, make_predictions(rows, 200)).values()
    kept = thin(curve, 20)
    assert len(kept) <= 21
    assert (kept[0], kept[-1]) == (0, len(curve.recall) - 1)
    assert np.diff(curve.recall[kept]).max() < 2 / 20
