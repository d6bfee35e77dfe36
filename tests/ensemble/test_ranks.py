"""Which of the best boxes a rescoring moved, and from where."""

from __future__ import annotations

import math

import numpy as np
import pytest

from custom.ensemble import FusionConfig, fuse, rank_changes
from custom.errors import PodiumError
from tests.ensemble.toy import crowded, images_of, table

A, B, C = (0, 0, 0, 100, 100), (0, 200, 0, 300, 100), (1, 0, 0, 100, 100)


def test_ranks_are_by_class_over_all_images() -> None:
    images = images_of(2)
    before = table(images, [(*A, 0.9, 0), (*B, 0.8, 0), (*C, 0.7, 0), (*C, 0.95, 1)])
    after = table(images, [(*A, 0.1, 0), (*B, 0.8, 0), (*C, 0.9, 0), (*C, 0.3, 1)])
    changes = rank_changes(before, after, top=2)
    assert changes.labels.tolist() == [0, 0, 1]
    assert changes.image_ids.tolist() == [11, 10, 11]
    assert changes.ranks_after.tolist() == [0, 1, 0]
    assert changes.ranks_before.tolist() == [2, 1, 0]
    assert changes.moves.tolist() == [2, 0, 0]
    assert changes.scores_before.tolist() == [0.7, 0.8, 0.95]
    assert changes.kept_share(2) == pytest.approx(2 / 3)


def test_a_box_from_nowhere_is_new() -> None:
    images = images_of(1)
    before, after = table(images, [(*A, 0.9, 0)]), table(images, [(*B, 0.9, 0), (*A, 0.2, 1)])
    changes = rank_changes(before, after)
    assert changes.num_new == 2
    assert changes.ranks_before.tolist() == [-1, -1]
    assert changes.moves.tolist() == [0, 0]
    assert np.isnan(changes.scores_before).all()


def test_nms_moves_nothing_up_past_a_better_box() -> None:
    models, images = crowded(3, num_models=1, ties=False)
    after = fuse(models, images, FusionConfig(method="nms"))
    changes = rank_changes(models[0], after, top=20)
    assert changes.num_new == 0
    assert (changes.moves >= 0).all()
    np.testing.assert_array_equal(changes.scores_before, changes.scores_after)


def test_nothing_to_compare_and_a_bad_top() -> None:
    images = images_of(1)
    empty = table(images, [])
    assert math.isnan(rank_changes(empty, empty).kept_share(10))
    with pytest.raises(PodiumError, match="top must be at least 1, but is 0"):
        rank_changes(empty, empty, top=0)
