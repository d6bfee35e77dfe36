from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.splits import assign, make_split
from custom.splits.assign import assign_folds
from custom.splits.features import Features, count_features
from custom.tables.coco import read_ground_truth
from custom.testing import shared_data
from custom.testing.toy_splits import coco, random_boxes


@pytest.mark.parametrize("seed", [42, 0, 7])
def test_competition_data_is_balanced_in_all_ways_at_once(seed: int) -> None:
    gt = read_ground_truth(shared_data("trash-gt/train.json"))
    balance = make_split(gt, 5, seed).balance
    assert balance.largest("class") <= 0.026
    assert balance.largest("area") <= 0.03
    assert balance.largest("boxes per image") <= 0.03
    assert np.ptp(balance.counts[:, 0]) <= 2
    assert balance.counts[:, 0].sum() == 4883


def features_of(num_images: int = 60, seed: int = 0) -> Features:
    rng = np.random.default_rng(seed)
    counts = np.column_stack([np.ones(num_images), rng.integers(0, 4, (num_images, 5))])
    kinds = ("images", *["class"] * 5)
    return Features(counts.astype(np.int64), kinds, tuple("iabcde"))


def test_a_seed_gives_the_same_folds_and_another_seed_others() -> None:
    features, groups = features_of(), np.arange(60)
    first = assign_folds(features, groups, 4, 1)
    np.testing.assert_array_equal(first, assign_folds(features, groups, 4, 1))
    assert (first != assign_folds(features, groups, 4, 2)).any()


def test_groups_are_never_cut() -> None:
    groups = np.random.default_rng(3).integers(0, 14, 60)
    groups = np.unique(groups, return_inverse=True)[1]
    folds = assign_folds(features_of(), groups, 4, 0)
    assert set(folds.tolist()) == {0, 1, 2, 3}
    for group in range(groups.max() + 1):
        assert len(set(folds[groups == group].tolist())) == 1


def test_as_good_as_trying_all_splits() -> None:
    """Ten images in two folds: the search must find the best of all 2^10 ways."""
    features = features_of(10, seed=5)
    total = features.counts.sum(axis=0)

    def cost(folds: np.ndarray) -> float:
        counts = np.stack([features.counts[folds == k].sum(axis=0) for k in (0, 1)])
        relative = (counts * 2 / total - 1) ** 2
        return float(relative[:, 1:].sum() + 400 * relative[:, 0].sum())

    best = min(cost(np.array(folds)) for folds in product((0, 1), repeat=10))
    found = min(cost(assign_folds(features, np.arange(10), 2, seed)) for seed in range(5))
    assert found == pytest.approx(best, rel=1e-3)


@pytest.mark.parametrize("num_folds", [1, 0, 21])
def test_impossible_numbers_of_folds_are_refused(
    num_folds: int, write_coco: Callable[..., Path]
) -> None:
    gt = read_ground_truth(write_coco(coco(20, random_boxes(20))))
    with pytest.raises(PodiumError, match=r"between 2 and the number of image groups \(20\)"):
        make_split(gt, num_folds)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(PodiumError, match="seed must be at least 0, but is -1"):
        assign_folds(features_of(), np.arange(10), 2, -1)


def test_a_class_without_boxes_changes_nothing(write_coco: Callable[..., Path]) -> None:
    gt = read_ground_truth(write_coco(coco(20, random_boxes(20), ("can", "cup", "none"))))
    draft = make_split(gt, 4)
    assert np.isnan(draft.balance.deviations[list(count_features(gt).names).index("none")])
    assert draft.balance.largest("class") < 0.5
    assert not any("none" in finding for finding in draft.issues)


def test_the_number_of_images_comes_before_the_number_of_boxes() -> None:
    """One image holds as many boxes as the ten others, in five classes: it may not stand alone."""
    boxes = np.array([10] + [1] * 10)
    counts = np.column_stack([np.ones(11, np.int64), *[boxes] * 5])
    features = Features(counts, ("images", *["class"] * 5), tuple("iabcde"))
    folds = assign_folds(features, np.arange(11), 2, 0)
    assert sorted(np.bincount(folds).tolist()) == [5, 6]


def test_large_sets_are_even_after_few_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time must not grow with the square of the images: 50,000 took minutes."""
    looks = []
    improve = assign._Search._improve
    monkeypatch.setattr(assign, "MAX_PARTNERS", 50)
    monkeypatch.setattr(assign, "PATIENCE", 300)
    monkeypatch.setattr(assign._Search, "_improve", lambda *args: looks.append(1) or improve(*args))
    features = features_of(6000)
    folds = assign_folds(features, np.arange(6000), 4, 1)
    counts = np.stack([features.counts[folds == fold].sum(axis=0) for fold in range(4)])
    assert len(looks) < 6000
    assert (np.ptp(counts, axis=0) <= 1).all()


def test_members_of_a_fold_are_given_away_and_drawn() -> None:
    members = assign._Members(np.array([True, False, True, True, True]))
    members.remove(2)
    members.add(1)
    members.remove(4)
    assert members.count == 3
    assert sorted(members.window(2, 3).tolist()) == [0, 1, 3]
