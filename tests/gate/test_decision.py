from __future__ import annotations

import json

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.evaluation import match_for, paired_bootstrap
from custom.gate import Evidence, GatePolicy, SeedNoise, gate, holm
from custom.gate.difference import even_draws_of_t
from custom.gate.report import format_verdict
from tests.evaluation.cases import make_gt, make_predictions
from tests.gate.cases import SPLIT, evidence, found

BASE = evidence((0.6, 0.6), seed=1)


@pytest.mark.parametrize(
    ("shares", "decision", "exit_code"),
    [
        pytest.param((0.85, 0.85), "accept", 0, id="better"),
        pytest.param((0.3, 0.3), "reject", 1, id="worse"),
        pytest.param((0.61, 0.61), "inconclusive", 3, id="about the same"),
    ],
)
def test_decisions(shares, decision, exit_code):
    verdict = gate([evidence(shares, seed=2)], [BASE])
    assert (verdict.decision, verdict.exit_code) == (decision, exit_code)
    assert verdict.overall.low < verdict.overall.difference < verdict.overall.high
    assert verdict.overall.difference == pytest.approx(
        verdict.overall.new - verdict.overall.baseline
    )
    assert format_verdict(verdict).startswith(decision.upper())


def test_the_interval_is_the_paired_bootstrap():
    new = evidence((0.7, 0.65), seed=3)
    verdict = gate([new], [BASE], GatePolicy(num_resamples=500, seed=9))
    pair = [match_for(run.gt, run.predictions, "AP50") for run in (new, BASE)]
    expected = paired_bootstrap(*pair, num_resamples=500, seed=9)
    found_ends = (verdict.overall.difference, verdict.overall.low, verdict.overall.high)
    np.testing.assert_allclose(found_ends, (expected.difference, expected.low, expected.high))
    assert [change.num_boxes for change in verdict.per_class] == [300, 300]
    np.testing.assert_allclose(
        [change.difference for change in verdict.per_class], expected.per_class
    )
    # The two classes share the risk: each has half of it, so a wider interval.
    assert verdict.per_class[0].low < expected.per_class_low[0]


def test_a_gain_must_exceed_the_smallest_useful_one():
    new = evidence((0.7, 0.7), seed=4)
    assert gate([new], [BASE]).decision == "accept"
    assert gate([new], [BASE], GatePolicy(smallest_gain=0.1)).decision == "inconclusive"
    assert gate([new], [BASE], GatePolicy(smallest_gain=0.3)).decision == "reject"


def test_a_class_that_loses_significantly_too_much_rejects():
    new = evidence((0.99, 0.4), seed=5)
    gained = GatePolicy(largest_class_loss=0.9)
    assert gate([new], [BASE], gained).decision == "accept"
    verdict = gate([new], [BASE], GatePolicy(largest_class_loss=0.05))
    assert verdict.decision == "reject"
    assert "class 1 loses significantly more than 0.050" in verdict.reason


def test_a_class_that_may_lose_too_much_is_named():
    verdict = gate([evidence((0.9, 0.57), seed=6)], [BASE], GatePolicy(largest_class_loss=0.02))
    assert verdict.decision == "accept"
    assert any(
        "May cost a class too much, not significantly: class 1" in note for note in verdict.notes
    )


def test_nan_rejects():
    gt, empty = make_gt([], 3, 2), make_predictions([], 3)
    runs = [Evidence(name, gt, empty) for name in ("a", "b")]
    verdict = gate(runs[:1], runs[1:])
    assert verdict.decision == "reject"
    assert "cannot be computed" in verdict.reason
    assert "Not evaluated, for want of boxes on the val images: class 0, class 1." in verdict.notes
    assert json.loads(json.dumps(verdict.to_record(), allow_nan=False))["overall"]["low"] is None


def test_more_comparisons_widen_the_interval():
    new = evidence((0.65, 0.65), seed=40)
    one, twenty = gate([new], [BASE]), gate([new], [BASE], comparisons=20)
    assert twenty.confidence == pytest.approx(1 - 0.05 / 20)
    assert twenty.overall.low < one.overall.low < one.overall.high < twenty.overall.high
    assert (one.decision, twenty.decision) == ("accept", "inconclusive")
    assert any("20 changes were tried" in note for note in twenty.notes)
    assert not any("changes were tried" in note for note in one.notes)
    with pytest.raises(PodiumError, match="comparisons must be at least 1"):
        gate([new], [BASE], comparisons=0)


def test_seeds_widen_the_interval_by_students_t():
    # The two new seeds differ by .06 or so: with two and one runs there is one degree of freedom.
    new = [evidence((share, share), seed=s) for s, share in ((11, 0.70), (12, 0.80))]
    alone = gate(new[:1], [BASE])
    pooled = gate(new, [BASE])
    assert alone.seed_noise is None
    assert "not in the interval, with one run a side" in alone.notes[0]
    values = [gate([run], [BASE]).overall.new for run in new]
    assert pooled.overall.new == pytest.approx(np.mean(values))
    assert pooled.seed_noise.deviation == pytest.approx(np.std(values, ddof=1))
    assert pooled.seed_noise.degrees == 1
    assert (pooled.num_new, pooled.num_baseline) == (2, 1)
    assert "The noise of the seeds is in the interval" in pooled.notes[0]
    assert pooled.overall.high - pooled.overall.low > 3 * (alone.overall.high - alone.overall.low)


def test_what_the_projects_runs_say_of_seeds_is_told():
    noise = SeedNoise(0.02, 5)
    verdict = gate([evidence((0.7, 0.7), seed=13)], [BASE], project_seed_noise=noise)
    assert "standard deviation of 0.0200 (degrees of freedom: 5)" in verdict.notes[0]
    ends = verdict.notes[0].split("about [")[1].rstrip("].").split(", ")
    by_seeds = 1.96 * 0.02 * np.sqrt(2)
    overall = verdict.overall
    low = overall.difference - np.hypot(overall.difference - overall.low, by_seeds)
    assert float(ends[0]) == pytest.approx(low, abs=1e-4)
    assert float(ends[1]) > overall.high


def test_folds_are_pooled():
    new, base = [], []
    for fold in (0, 1, 2):
        for side, share in ((new, 0.75), (base, 0.6)):
            gt, predictions = found((share,), 80, seed=20 + fold + 10 * (side is new))
            ids = gt.images.ids + 1000 * fold
            gt = make_gt([(i, 0, *gt.bboxes[i]) for i in range(80)], 80, 1, image_ids=ids)
            moved = predictions.with_columns(image_ids=ids)
            side.append(Evidence(f"f{fold}", gt, moved, seed=1, fold=fold, split_hash="s"))
    verdict = gate(new, base)
    assert (verdict.num_images, verdict.folds) == (240, (0, 1, 2))
    assert (verdict.num_new, verdict.num_baseline) == (1, 1)
    assert verdict.overall.num_boxes == 240
    hits = [sum(run.predictions.num_boxes for run in side) / 240 for side in (new, base)]
    assert verdict.overall.new == pytest.approx(hits[0], abs=0.01)
    assert verdict.overall.baseline == pytest.approx(hits[1], abs=0.01)


def test_pseudo_labels_are_told():
    verdict = gate([evidence((0.7, 0.7), seed=30, pseudo_labels=True)], [BASE])
    assert "Pseudo-labels are in the new side: run30." in verdict.notes


def test_the_same_run_twice_cannot_be_told():
    verdict = gate([BASE], [BASE])
    assert verdict.decision == "reject"  # the interval is [0, 0]: significantly no gain
    assert (verdict.overall.low, verdict.overall.high) == (0, 0)


@pytest.mark.parametrize(
    ("new", "message"),
    [
        pytest.param([], "new side must have at least one run", id="none"),
        pytest.param(
            [evidence((0.7, 0.7), 2, split_hash="b" * 64)],
            "judged on one sealed split, but run2 was on bbbbbbbbbbbb and run1 on aaaaaaaaaaaa",
            id="another split",
        ),
        pytest.param([evidence((0.7, 0.7), 2, fold=1)], "cover the same folds", id="another fold"),
        pytest.param([evidence((0.7, 0.7), 2, num_images=200)], "same images", id="fewer images"),
        pytest.param([evidence((0.7, 0.7, 0.7), 2)], "judged by the same boxes", id="other boxes"),
    ],
)
def test_runs_that_cannot_be_compared(new, message):
    with pytest.raises(PodiumError, match=message):
        gate(new, [BASE])


def test_folds_must_have_the_same_number_of_seeds():
    runs = [evidence((0.7,), s, fold=f) for s, f in ((1, 0), (2, 0), (3, 1))]
    with pytest.raises(PodiumError, match="fold 0: 2, fold 1: 1"):
        gate(runs, runs)


def test_holm_by_hand():
    # Sorted .01, .02, .04: times 3, 2, 1, then made monotone.
    assert holm([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_class_that_resamples_lack_is_named() -> None:
    gt, predictions = found([0.9, 0.5], 40, 1)
    rare = (gt.labels == 0) | (gt.image_index < 2)
    rows = [
        (image, label, *box)
        for image, label, box in zip(gt.image_index, gt.labels, gt.bboxes, strict=True)
    ]
    few = make_gt([row for row, kept in zip(rows, rare, strict=True) if kept], 40, 2)
    sides = [Evidence(f"run{k}", few, predictions, k, 0, SPLIT) for k in range(2)]
    (note,) = [n for n in gate(sides[:1], sides[1:]).notes if "of the resamples" in n]
    # On 2 of 40 images: (38/40)^40 = 13%.
    assert "class 1 (1" in note
    assert not any(
        "of the resamples" in n for n in gate([evidence([0.9], 1)], [evidence([0.9], 2)]).notes
    )


@pytest.mark.parametrize(
    ("degrees", "quantile"), [(1, 12.706), (2, 4.303), (4, 2.776), (30, 2.042)]
)
@pytest.mark.parametrize("num", [500, 2000])
def test_draws_of_t_have_its_tails(degrees: int, quantile: float, num: int) -> None:
    draws = even_draws_of_t(degrees, num, seed=0)
    # Tables of Student's t: 2.5% lie beyond the quantile on each side.
    assert (draws > quantile).mean() == pytest.approx(0.025, abs=0.0025)
    assert (draws < -quantile).mean() == pytest.approx(0.025, abs=0.0025)
    assert abs(np.corrcoef(np.arange(num), draws)[0, 1]) < 0.15  # in no order
