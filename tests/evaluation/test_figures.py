"""The twelve figures of COCO from one matching."""

from __future__ import annotations

import numpy as np
import pytest

from custom.evaluation import coco_figures, score
from tests.evaluation.cases import make_case


@pytest.mark.parametrize("seed", range(3))
def test_each_is_what_scoring_it_alone_gives(seed: int) -> None:
    gt, predictions = make_case(seed)
    figures = coco_figures(gt, predictions)
    assert list(figures) == [
        "AP50", "AP75", "AP", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"
    ]  # fmt: skip
    for name, figure in figures.items():
        alone = score(gt, predictions, name)
        np.testing.assert_array_equal(figure.per_class, alone.per_class)
        np.testing.assert_array_equal(figure.num_gt, alone.num_gt)
        assert figure.value == alone.value or np.isnan([figure.value, alone.value]).all()
