from collections import Counter

import numpy as np
import pytest
from mmdet.datasets.samplers import AspectRatioBatchSampler

from custom.errors import PodiumError
from custom.training.seeding import (
    ClassBalancedSampler,
    LabelWeightedSampler,
    ResumableBatchSampler,
    SeededSampler,
)
from custom.training.seeding.samplers import label_weights, repeat_factors, systematic_sample


class Labelled:
    def __init__(self, image_labels):
        self.image_labels = [np.array(labels, np.int64) for labels in image_labels]

    def __len__(self):
        return len(self.image_labels)

    def get_data_info(self, index):
        return {"width": 10 + index % 2, "height": 10.5}


def on_process(monkeypatch, rank, world_size):
    monkeypatch.setattr(
        "custom.training.seeding.samplers.get_dist_info", lambda: (rank, world_size)
    )


def epoch_of(sampler, epoch):
    sampler.set_epoch(epoch)
    return list(sampler)


def test_the_order_is_a_function_of_seed_and_epoch():
    one, two = SeededSampler(range(20), seed=42), SeededSampler(range(20), seed=42)
    other = SeededSampler(range(20), seed=43)
    assert epoch_of(one, 0) == epoch_of(two, 0) != epoch_of(one, 1)
    assert epoch_of(one, 1) != epoch_of(other, 0)
    assert sorted(epoch_of(one, 5)) == list(range(20))
    assert {key.epoch for key in epoch_of(one, 5)} == {5}


def test_without_shuffling_the_order_stays():
    assert epoch_of(SeededSampler(range(5), 1, shuffle=False), 3) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("num_samples", "world_size", "twice"),
    [
        pytest.param(20, 2, 0, id="even"),
        pytest.param(21, 2, 1, id="one over"),
        pytest.param(9, 4, 3, id="three short"),
        pytest.param(1, 3, 2, id="fewer samples than processes"),
    ],
)
def test_processes_draw_different_samples_together_each_once(
    monkeypatch, num_samples, world_size, twice
):
    drawn = []
    for rank in range(world_size):
        on_process(monkeypatch, rank, world_size)
        sampler = SeededSampler(range(num_samples), seed=42)
        drawn.append(epoch_of(sampler, 1))
        assert len(drawn[-1]) == len(sampler)
    counts = Counter(int(key) for keys in drawn for key in keys)
    assert set(counts) == set(range(num_samples))
    assert sum(counts.values()) - num_samples == twice


def test_a_sampler_without_a_seed_is_refused():
    with pytest.raises(PodiumError, match="needs a seed"):
        SeededSampler(range(3))
    with pytest.raises(PodiumError, match="has none"):
        SeededSampler([], seed=1)


def test_rare_classes_are_drawn_by_their_factor():
    # Class 0 is on 16 of 16 images, class 1 on one: sqrt(0.25 / (1 / 16)) = 2.
    factors = repeat_factors([np.array([0])] * 15 + [np.array([0, 1, 1])], 0.25)
    assert factors.tolist() == [1.0] * 15 + [2.0]


def test_balanced_epochs_hold_each_image_and_rare_ones_more():
    sampler = ClassBalancedSampler(Labelled([[0]] * 15 + [[0, 1]]), 0.25, seed=42)
    for epoch in range(3):
        keys = epoch_of(sampler, epoch)
        assert len(keys) == len(sampler) == 15 + 2
        assert Counter(map(int, keys)) == {**dict.fromkeys(range(15), 1), 15: 2}
        assert len({key.sample_seed for key in keys}) == 17  # the repeat is augmented anew


def test_fractional_factors_are_met_on_average():
    # Classes 0 and 1 on 10 and 90 images: sqrt(0.2 / 0.1) = 1.414 and 1.
    sampler = ClassBalancedSampler(Labelled([[0]] * 10 + [[1]] * 90), 0.2, seed=1)
    drawn = [sum(key < 10 for key in epoch_of(sampler, epoch)) for epoch in range(200)]
    assert np.mean(drawn) == pytest.approx(10 * np.sqrt(2), abs=0.3)
    assert len(set(drawn)) > 1


def test_balanced_sampling_needs_labels_and_a_share():
    with pytest.raises(PodiumError, match="image_labels"):
        ClassBalancedSampler(range(5), seed=1)
    with pytest.raises(PodiumError, match=r"in \(0, 1\]"):
        ClassBalancedSampler(Labelled([[0]]), 1.5, seed=1)


def test_systematic_sample_counts_marks_before_each_end():
    # Ends .5, 2, 2.5, 4 and marks .6, 1.6, 2.6, 3.6.
    ends = np.array([0.5, 2.0, 2.5, 4.0])
    assert systematic_sample(ends, 0.6).tolist() == [1, 1, 3, 3]
    assert systematic_sample(ends, 0.0).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("inner", [None, {"type": AspectRatioBatchSampler}])
def test_skipped_batches_are_left_out_once(inner):
    def batches():
        sampler = SeededSampler(Labelled([[0]] * 11), seed=42)
        return ResumableBatchSampler(sampler, 2, inner=inner)

    whole = list(batches())
    resumed = batches()
    resumed.skip = 4
    assert list(resumed) == whole[4:]
    assert list(resumed) == whole
    assert len(resumed) == len(whole) == 6


class RarelyLabelled:
    """Ten images: class 0 on all, class 1 on two, unknown on another one."""

    metainfo = {"classes": ("often", "rare")}  # noqa: RUF012
    image_labels = [np.array([0, 1])] * 3 + [np.array([0])] * 7
    image_unknown = [np.array([1])] + [np.array([], int)] * 9

    def __len__(self):
        return 10


def test_weights_of_labels_leave_the_length_of_an_epoch():
    sampler = LabelWeightedSampler(RarelyLabelled(), present={"rare": 4.0}, seed=1)
    drawn = Counter()
    for epoch in range(400):
        sampler.set_epoch(epoch)
        keys = list(sampler)
        assert len(keys) == len(sampler) == 10
        drawn.update(map(int, keys))
    # Weights 1 (unknown), 4, 4 and seven times 1: 16 in all, shared by ten draws.
    assert drawn[1] / 400 == pytest.approx(4 * 10 / 16, abs=0.1)
    assert drawn[0] / 400 == pytest.approx(1 * 10 / 16, abs=0.1)
    assert drawn[9] / 400 == pytest.approx(1 * 10 / 16, abs=0.1)


def test_weights_of_what_is_absent():
    weights = label_weights(
        RarelyLabelled.image_labels, RarelyLabelled.image_unknown, np.ones(2), np.array([1.0, 3.0])
    )
    assert weights.tolist() == [1, 1, 1] + [3] * 7


@pytest.mark.parametrize("factors", [{"seldom": 2.0}, {"rare": 0.0}, {"rare": float("nan")}])
def test_weights_of_unknown_classes_are_refused(factors):
    with pytest.raises(PodiumError, match="factors above 0 for classes of"):
        LabelWeightedSampler(RarelyLabelled(), absent=factors, seed=1)
