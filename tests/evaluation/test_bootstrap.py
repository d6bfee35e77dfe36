from __future__ import annotations

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.evaluation import (
    bootstrap_ap,
    bootstrap_metric,
    match_for,
    paired_bootstrap,
    score,
)
from custom.evaluation.bootstrap import interval_of
from custom.evaluation.draws import draw_images
from tests.evaluation.cases import jittered, make_case, make_gt, make_predictions, repeated_tables
from tests.evaluation.real_data import trash_gt, trash_predictions


def drawn(seed: int, resample: int, num_images: int) -> np.ndarray:
    weights = np.zeros(num_images, np.int32)
    draw_images(seed, resample, weights)
    return weights


@pytest.mark.parametrize("metric", ["AP50", "AP", "APs", "AR100", "voc", "wheat", "gbr_f2"])
def test_equal_to_evaluating_the_repeated_images(metric):
    gt, predictions = make_case(21, ties=False)
    samples = bootstrap_metric(match_for(gt, predictions, metric), metric, 25, seed=7)
    for r, sample in enumerate(samples):
        again = score(*repeated_tables(gt, predictions, drawn(7, r, len(gt.images))), metric)
        np.testing.assert_allclose(sample, [*again.per_class, again.value], rtol=0, atol=1e-12)


def test_paired_interval_equals_brute_force():
    gt, a = make_case(22, ties=False)
    b = jittered(a, 1, pixels=15, scores=0.1)
    matches = [match_for(gt, table, "AP50") for table in (a, b)]
    found = paired_bootstrap(*matches, num_resamples=60, seed=3, confidence=0.9)
    differences = []
    for r in range(60):
        weights = drawn(3, r, len(gt.images))
        pair = [score(*repeated_tables(gt, table, weights)).value for table in (a, b)]
        differences.append(pair[0] - pair[1])
    assert found.difference == pytest.approx(score(gt, a).value - score(gt, b).value, abs=1e-12)
    expected = np.quantile(differences, [0.05, 0.95])
    expected += np.array([-0.04, 0.04]) * np.diff(expected)  # wider by 8%
    np.testing.assert_allclose([found.low, found.high], expected, rtol=0, atol=1e-12)
    assert found.low < found.difference < found.high
    assert found.num_gt.sum() == (~gt.iscrowd).sum()


def by_clips(seed: int, sizes: tuple[int, ...]):
    """Images in clips of these sizes, each clip's images scattered over the table."""
    gt, predictions = make_case(seed, num_images=sum(sizes), ties=False)
    clips = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    return gt.grouped(clips), predictions, clips


@pytest.mark.parametrize("metric", ["AP50", "wheat"])
def test_groups_are_drawn_as_wholes(metric):
    gt, predictions, clips = by_clips(26, (1, 7, 2, 12, 1, 5))
    matches = match_for(gt, predictions, metric)
    samples = bootstrap_metric(matches, metric, 25, seed=7)
    # The first clip of the table has number 0 in the draws, and so on.
    order = list(dict.fromkeys(clips.tolist()))
    for r, sample in enumerate(samples):
        times = drawn(7, r, len(order))
        weights = np.array([times[order.index(clip)] for clip in clips])
        again = score(*repeated_tables(gt, predictions, weights), metric)
        np.testing.assert_allclose(sample, [*again.per_class, again.value], rtol=0, atol=1e-12)
    alone = bootstrap_metric(matches, metric, 25, seed=7, groups=np.arange(len(clips)))
    plain = match_for(gt.grouped(gt.images.ids), predictions, metric)
    np.testing.assert_array_equal(alone, bootstrap_metric(plain, metric, 25, seed=7))
    assert not np.array_equal(alone, samples)


def test_both_models_see_the_same_groups():
    gt, a, _ = by_clips(27, (9, 3, 14, 6, 2, 2))
    pair = [match_for(gt, table, "AP50") for table in (a, jittered(a, 1, pixels=15, scores=0.1))]
    found = paired_bootstrap(*pair, num_resamples=40, seed=3)
    samples = [bootstrap_ap(matches, 40, seed=3) for matches in pair]
    np.testing.assert_array_equal(found.samples, samples[0] - samples[1])
    with pytest.raises(PodiumError, match="groups must be 36 numbers, one an image, but are 2"):
        paired_bootstrap(*pair, groups=np.zeros(2, int))


def test_draws_are_uniform_and_whole():
    total = np.zeros(50)
    for r in range(4000):
        weights = drawn(1, r, 50)
        assert weights.sum() == 50
        total += weights
    # Each image is expected 4,000 times, with a standard deviation of 63.
    assert abs(total - 4000).max() < 5 * 63
    assert not np.array_equal(drawn(1, 0, 50), drawn(1, 1, 50))
    assert not np.array_equal(drawn(1, 0, 50), drawn(2, 0, 50))


def test_threads_and_repetition_do_not_matter(monkeypatch):
    gt, predictions = make_case(23, num_images=200)
    matches = match_for(gt, predictions, "AP50")
    samples = []
    for threads in ("1", "2", "3", "3"):
        monkeypatch.setenv("PODIUM_NUM_THREADS", threads)
        samples.append(bootstrap_ap(matches, 100, seed=5))
    for other in samples[1:]:
        np.testing.assert_array_equal(samples[0], other)
    # The first resamples do not depend on how many there are.
    np.testing.assert_array_equal(bootstrap_ap(matches, 10, seed=5), samples[0][:10])


def test_class_absent_from_a_resample_is_not_in_its_mean():
    # Class 1 is on one image of three: a resample misses it with probability (2/3)^3.
    gt = make_gt([(0, 0, 0, 0, 9, 9), (1, 0, 0, 0, 9, 9), (2, 1, 0, 0, 9, 9)], 3, 2)
    found = make_predictions([(i, 0, 0.9, 0, 0, 9, 9) for i in range(3)], 3)
    samples = bootstrap_ap(match_for(gt, found, "AP50"), 500, seed=0)
    absent = np.isnan(samples[:, 1])
    assert absent.mean() == pytest.approx((2 / 3) ** 3, abs=0.07)
    np.testing.assert_array_equal(samples[absent, 2], samples[absent, 0])


def test_no_boxes_give_nan():
    gt = make_gt([], 3)
    matches = match_for(gt, make_predictions([(0, 0, 0.9, 0, 0, 9, 9)], 3), "AP50")
    result = paired_bootstrap(matches, matches, 20)
    assert np.isnan([result.difference, result.low, result.high]).all()


def test_identical_models_differ_by_nothing():
    gt, predictions = make_case(24)
    matches = match_for(gt, predictions, "AP50")
    result = paired_bootstrap(matches, matches, 50)
    assert (result.difference, result.low, result.high) == (0, 0, 0)


def test_on_real_predictions():
    gt, predictions = trash_gt(), trash_predictions()
    worse = jittered(predictions, 0, pixels=4, scores=0.05)
    pair = [match_for(gt, table, "AP50") for table in (predictions, worse)]
    result = paired_bootstrap(*pair, num_resamples=400)
    assert 0 < result.low < result.difference < result.high
    # Pairing pays: each model's own spread is several times that of the difference.
    assert bootstrap_ap(pair[0], 400)[:, -1].std() > 3 * result.standard_error


def test_bad_arguments():
    gt, predictions = make_case(25)
    matches = match_for(gt, predictions, "AP50")
    fewer = match_for(gt.take(np.arange(5)), predictions, "AP50")
    with pytest.raises(PodiumError, match="on the same images, but one is on 40, the other on 5"):
        paired_bootstrap(matches, fewer)
    other = make_gt([(0, 0, 0, 0, 9, 9)], 40, 5, gt.images.ids)
    with pytest.raises(PodiumError, match="to the same boxes"):
        paired_bootstrap(matches, match_for(other, predictions, "AP50"))
    with pytest.raises(PodiumError, match="confidence must be between"):
        paired_bootstrap(matches, matches, confidence=95)
    with pytest.raises(PodiumError, match="num_resamples must be at least 1"):
        bootstrap_ap(matches, 0)
    with pytest.raises(PodiumError, match="at least one image"):
        bootstrap_ap(match_for(gt.take([]), predictions, "AP50"))


def test_interval_of_known_numbers():
    samples = np.column_stack([np.arange(101.0), np.full(101, np.nan)])
    low, high = interval_of(samples, 0.9)
    np.testing.assert_allclose(low, [5, np.nan])
    np.testing.assert_allclose(high, [95, np.nan])
