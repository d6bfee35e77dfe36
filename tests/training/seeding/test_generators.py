import pickle
import random

import numpy as np
import pytest
import torch

from custom.training.seeding import SampleKey, derive_seed, seed_generators, seeded


def draws() -> tuple[float, float, float]:
    return random.random(), np.random.rand(), torch.rand(1).item()


def test_a_seed_follows_from_all_its_parts():
    parts = [(42, 0, 7), (42, 1, 7), (43, 0, 7), (42, 0, 8), (42, "order", 0), (42, 0)]
    assert len({derive_seed(*p) for p in parts}) == len(parts)
    assert derive_seed(42, 1) != derive_seed(43, 0)
    assert min(derive_seed(i) for i in range(1000)) >= 0
    assert max(derive_seed(i) for i in range(1000)) < 2**63


def test_seeded_sets_and_restores():
    seed_generators(1)
    expected = draws()
    seed_generators(1)
    with seeded(7):
        inside = draws()
    assert draws() == expected
    with seeded(7):
        assert draws() == inside


def test_seeded_restores_after_an_error():
    seed_generators(1)
    expected = draws()
    seed_generators(1)
    with pytest.raises(KeyError), seeded(7):
        raise KeyError
    assert draws() == expected


@pytest.mark.parametrize(
    ("moved", "index"),
    [
        pytest.param(lambda k: k - 10, 7, id="ConcatDataset"),
        pytest.param(lambda k: k % 5, 2, id="RepeatDataset"),
        pytest.param(lambda k: k + 3, 20, id="sum"),
        pytest.param(lambda k: pickle.loads(pickle.dumps(k)), 17, id="sent to a worker"),
    ],
)
def test_a_key_stays_the_same_sample_on_its_way(moved, index):
    key = SampleKey(17, seed=42, epoch=3, repeat=1)
    found = moved(key)
    assert found == index
    assert (found.sample_seed, found.epoch) == (key.sample_seed, 3)
