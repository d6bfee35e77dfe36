from __future__ import annotations

import math

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.evaluation import match, match_for
from custom.thresholds.choosing import choose_by_class
from custom.thresholds.goals import Goal
from custom.thresholds.levels import levels_of
from custom.thresholds.table import operating_table
from tests.evaluation.cases import make_gt, make_predictions
from tests.evaluation.labelled import Labelled

IMAGE = np.array([0.0, 0.0, 1000.0, 1000.0])


def images(truth: np.ndarray, scores: np.ndarray) -> Labelled:
    """Return whole images with one label."""
    count = len(truth)
    return Labelled(np.arange(count), np.tile(IMAGE, (count, 1)), truth[:, None], scores[:, None])


def drawn(seed: int, num_groups: int, size: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and scores of groups of equal labels, which partly overlap."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(rng.uniform(size=num_groups) < 0.4, size).astype(int)
    shift = np.repeat(rng.normal(0, 0.7 * (size > 1), num_groups), size)
    logits = 1.6 * (2 * truth - 1) + shift + rng.normal(0, 1.2, len(truth))
    return truth, 1 / (1 + np.exp(-logits))


def choose(truth, scores, goal, groups=None, **kwargs):
    case = images(truth, scores)
    matches = match_for(case.gt(), case.predictions(), "ranking_AP")
    groups = np.arange(len(truth)) if groups is None else groups
    return choose_by_class(matches, goal, groups, **kwargs)[0]


def test_operating_table_by_hand():
    # Scores .9 yes, .7 no, .7 yes, .5 no, and a yes that nothing was said of; one is unknown.
    truth, scores = np.array([1, 0, 1, 0, 1, -1]), np.array([0.9, 0.7, 0.7, 0.5, 0.0, 0.8])
    case = images(truth, scores)
    kept = (np.arange(6) != 4)[:, None]
    matches = match_for(case.gt(), case.predictions(kept=kept), "ranking_AP")
    table = operating_table(levels_of(matches, 0), [1.0, 0.9, 0.7, 0.6, 0.0])
    found = [(c.tp, c.fp, c.fn, c.tn) for c in table]
    assert found == [(0, 0, 3, 2), (1, 0, 2, 2), (2, 1, 1, 1), (2, 1, 1, 1), (2, 2, 1, 0)]
    assert math.isnan(table[0].precision)
    assert table[0].recall == 0.0
    assert (table[2].precision, table[2].recall) == (2 / 3, 2 / 3)
    assert table[4].f1 == 2 * 2 / (2 * 2 + 2 + 1)


def test_boxes_have_no_true_negatives():
    gt = make_gt([(0, 0, 0, 0, 100, 100)])
    found = make_predictions([(0, 0, 0.9, 0, 0, 60, 100), (0, 0, 0.8, 500, 0, 600, 100)])
    for iou_thr, expected in ((0.5, (1, 1, 0)), (0.7, (0, 2, 1))):
        (counts,) = operating_table(levels_of(match(gt, found, (iou_thr,)), 0), [0.0])
        assert (counts.tp, counts.fp, counts.fn) == expected
        assert math.isnan(counts.tn)


@pytest.mark.parametrize(
    ("goal", "num_groups", "size"),
    [
        pytest.param(Goal("precision", 0.95), 300, 1, id="precision"),
        pytest.param(Goal("precision", 0.95), 200, 5, id="precision, videos"),
        pytest.param(Goal("recall", 0.95), 300, 1, id="recall"),
    ],
)
def test_the_promise_is_what_to_expect(goal, num_groups, size):
    """Over many draws the true figure is the promised one or more; the plain choice falls short."""
    true_labels, true_scores = drawn(1000, 100_000 // size, size)

    def true_figure(score_thr: float) -> float:
        given = true_scores >= score_thr
        return (true_labels[given] if goal.kind == "precision" else given[true_labels > 0]).mean()

    careful, plain, held = [], [], []
    for seed in range(30):
        truth, scores = drawn(seed, num_groups, size)
        chosen = choose(truth, scores, goal, np.arange(len(truth)) // size)
        case = images(truth, scores)
        levels = levels_of(match_for(case.gt(), case.predictions(), "ranking_AP"), 0)
        target = np.array([goal.value])
        place = goal.choose(*levels.counts(), int(truth.sum()), target, goal.min_support)[0]
        if chosen.score_thr is None or place < 0:
            continue
        careful.append(true_figure(chosen.score_thr))
        plain.append(true_figure(levels.scores[place]))
        held.append(chosen.low <= careful[-1] <= chosen.high)
    assert len(careful) > 25
    assert np.mean(plain) < np.mean(careful)
    assert goal.value - 0.002 < np.mean(careful) < goal.value + 0.02
    assert np.mean(held) > 0.75


def test_what_is_kept_of_a_choice():
    truth, scores = drawn(3, 500)
    chosen = choose(truth, scores, Goal("precision", 0.9))
    given = scores >= chosen.score_thr
    assert chosen.counts.tp == (given & (truth > 0)).sum()
    assert chosen.counts.fp == (given & (truth == 0)).sum()
    assert chosen.counts.tn == (~given & (truth == 0)).sum()
    assert chosen.support == chosen.groups == given.sum()
    assert chosen.low < chosen.expected < chosen.high
    assert chosen.expected >= 0.9
    assert len(repr(chosen.score_thr)) < 8  # the shortest number between two scores


def test_f1_and_cost_are_best_in_sample_and_measured_outside():
    truth, scores = drawn(4, 400)
    positive = truth > 0
    hits = np.array([((scores >= t) & positive).sum() for t in scores])
    misses = np.array([((scores >= t) & ~positive).sum() for t in scores])
    by_f1 = choose(truth, scores, Goal("f1"))
    assert by_f1.counts.f1 == (2 * hits / (hits + misses + positive.sum())).max()
    assert by_f1.expected < by_f1.counts.f1
    dear = choose(truth, scores, Goal("cost", fp_cost=5))
    assert dear.score_thr > choose(truth, scores, Goal("cost", fp_cost=0.2)).score_thr
    lowest = (5 * misses + positive.sum() - hits).min()
    assert 5 * dear.counts.fp + dear.counts.fn == lowest
    assert dear.expected > lowest / 400
    assert dear.low < dear.expected < dear.high


@pytest.mark.parametrize(
    ("truth", "scores", "goal", "reason"),
    [
        pytest.param(
            np.arange(50) % 2, np.linspace(0.1, 0.9, 50), Goal("precision", 0.99),
            "50 are predicted, of at least 100", id="too few predicted",
        ),
        pytest.param(
            (np.arange(200) < 7).astype(int), np.linspace(0.9, 0.1, 200), Goal("recall", 0.9),
            "7 positives are annotated, of at least 20", id="too few positives",
        ),
        pytest.param(
            np.arange(200) % 2, np.linspace(0.1, 0.9, 200), Goal("precision", 0.9),
            "no score of enough support has precision 0.9; the best is 0.5",
            id="out of reach",
        ),
        pytest.param(
            1 - np.arange(200) % 2, np.linspace(0.1, 0.9, 200), Goal("cost", fp_cost=50),
            "cheapest to never say yes", id="too dear",
        ),
    ],
)  # fmt: skip
def test_refusals(truth, scores, goal, reason):
    chosen = choose(truth, scores, goal)
    assert chosen.score_thr is None
    assert reason in chosen.reason


def test_few_groups_cannot_be_cross_validated():
    truth, scores = drawn(5, 300)
    with pytest.raises(PodiumError, match=r"at least 5 groups of images.*there are 4"):
        choose(truth, scores, Goal("f1"), np.arange(300) % 4)
    with pytest.raises(PodiumError, match="--min-support must be at least 1"):
        choose(truth, scores, Goal("f1"), min_support=0)
