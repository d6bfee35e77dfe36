"""The score threshold of metrics that punish every false box."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from custom.evaluation import METRICS, best_score_thr, match_at_best, score, score_at_best
from custom.evaluation.scoring import match_for
from tests.evaluation.cases import make_case, make_gt, make_predictions

BOX, FAR = (0, 0, 100, 100), (500, 0, 600, 100)
# Those of labels have every box that they judge; their thresholds are in test_label_metrics.py.
PUNISHING = [
    name
    for name, metric in METRICS.items()
    if metric.punishes_false_boxes and not metric.is_of_labels
]


def test_the_metrics_that_punish_false_boxes():
    assert PUNISHING == ["wheat", "rsna", "gbr_f2"]


@pytest.mark.parametrize("metric", PUNISHING)
def test_false_boxes_of_low_score_are_left_out(metric):
    # Hits at .9 and .4, misses at .31 and .3: without the misses everything is right.
    gt = make_gt([(0, 0, *BOX), (1, 0, *BOX)], 2)
    rows = [(0, 0, 0.9, *BOX), (1, 0, 0.4, *BOX), (0, 0, 0.31, *FAR), (1, 0, 0.3, *FAR)]
    found = make_predictions(rows, 2)
    result = score_at_best(gt, found, metric)
    assert (result.value, result.score_thr) == (1.0, 0.4)
    assert score(gt, found, metric).value < 1.0


@pytest.mark.parametrize("metric", PUNISHING)
@pytest.mark.parametrize("seed", range(4))
def test_no_threshold_is_better(metric, seed):
    gt, predictions = make_case(seed, boxes=4)
    result = score_at_best(gt, predictions, metric)
    levels = np.unique(predictions.scores)
    values = [score(gt, predictions.keep(predictions.scores >= t), metric).value for t in levels]
    assert result.value == pytest.approx(max(values), abs=1e-12)
    cut = predictions.keep(predictions.scores >= result.score_thr)
    assert score(gt, cut, metric).value == pytest.approx(result.value, abs=1e-12)


def test_an_average_precision_keeps_all_boxes():
    gt, predictions = make_case(0)
    matches, score_thr = match_at_best(gt, predictions, "AP50")
    assert score_thr == 0.0
    assert (matches.outcomes == match_for(gt, predictions, "AP50").outcomes).all()


def test_only_the_images_that_choose_count():
    # On image 0 the box of .5 is a hit, on image 1 a miss.
    gt = make_gt([(0, 0, *BOX), (0, 0, *FAR), (1, 0, *BOX)], 2)
    rows = [(0, 0, 0.9, *BOX), (0, 0, 0.5, *FAR), (1, 0, 0.9, *BOX), (1, 0, 0.6, *FAR)]
    matches = match_for(gt, make_predictions(rows, 2), "wheat")
    assert best_score_thr(matches, "wheat", np.array([1, 0])) == 0.0
    assert best_score_thr(matches, "wheat", np.array([0, 1])) == 0.9


def test_a_metric_of_which_less_is_better():
    wheat = METRICS["wheat"]
    loss = replace(
        wheat,
        name="wheat_loss",
        per_class=lambda matches, weights: 1 - wheat.per_class(matches, weights),
        greater_is_better=False,
    )
    matches = match_for(*make_case(1), "wheat")
    assert best_score_thr(matches, loss) == best_score_thr(matches, "wheat")


def test_without_boxes_there_is_no_threshold():
    matches = match_for(make_gt([(0, 0, *BOX)]), make_predictions([]), "wheat")
    assert best_score_thr(matches, "wheat") == 0.0
