from __future__ import annotations

import numpy as np
import pytest

from custom.errors import PodiumError
from custom.tables.ground_truth import concatenate
from tests.evaluation.cases import make_gt

BOX = (0, 0, 10, 10)


def test_tables_are_joined_image_by_image() -> None:
    first = make_gt([(1, 0, *BOX), (0, 1, *BOX)], 2, 2, image_ids=[5, 3])
    second = make_gt([(0, 1, 0, 0, 20, 20)], 1, 2, image_ids=[4])
    both = concatenate([first, second])
    assert both.images.ids.tolist() == [5, 3, 4]
    assert both.offsets.tolist() == [0, 1, 2, 3]
    assert both.labels.tolist() == [1, 0, 1]
    np.testing.assert_array_equal(both.bboxes[2], (0, 0, 20, 20))
    assert concatenate([first]) is first


def test_an_image_twice_and_other_classes_are_refused() -> None:
    first = make_gt([], 2, 2, image_ids=[5, 3])
    with pytest.raises(PodiumError, match="must be unique"):
        concatenate([first, first])
    with pytest.raises(PodiumError, match=r"must have the classes of .* \(class 0, class 1\), but"):
        concatenate([first, make_gt([], 1, 3, image_ids=[9])])
