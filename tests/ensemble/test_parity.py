"""The kernels equal ensemble-boxes 1.0.9: ties, other sizes, weights, and real submissions."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from custom.ensemble import FusionConfig, fuse_prepared
from custom.submission import read_submission
from custom.tables import Images, Predictions
from custom.testing import shared_data
from tests.ensemble.toy import SIDE, crowded

BOX_PX, SCORE = 1e-2, 1e-6
WBF = [
    {"conf_type": conf_type, "allows_overflow": overflow}
    for conf_type, overflow in (
        ("avg", False),
        ("avg", True),
        ("max", False),
        ("box_and_model_avg", False),
        ("absent_model_aware_avg", False),
    )
]
SETTINGS = [
    *({"method": "wbf", **wbf} for wbf in WBF),
    {"method": "nms"},
    {"method": "soft_nms", "sigma": 0.5},
    {"method": "soft_nms", "sigma": 0.1, "score_thr": 0.05},
    {"method": "soft_nms_linear"},
    {"method": "nmw"},
]
CONFIGS = [
    FusionConfig(**settings, weights=weights, iou_thr=iou_thr, skip_box_thr=skip)
    for settings, weights, (iou_thr, skip) in product(
        SETTINGS, (None, (2.0, 1.0, 0.5)), ((0.5, 0.0), (0.6, 0.15))
    )
]


def assert_equal_up_to_ties(ours: Predictions, theirs: Predictions) -> None:
    """Same counts, and the same boxes in the same order, but for boxes of equal score."""
    np.testing.assert_array_equal(ours.offsets, theirs.offsets)
    np.testing.assert_allclose(ours.scores, theirs.scores, rtol=0, atol=SCORE)
    orders = []
    for each in (ours, theirs):
        places = np.arange(each.num_boxes)
        # A run of scores that differ by less than the tolerance is a tie; inside it, any order.
        new = np.abs(np.diff(theirs.scores, prepend=-1.0)) > SCORE
        new |= np.diff(theirs.image_index, prepend=-1) > 0
        run = np.cumsum(new)
        keys = (*each.bboxes.round(2).T, each.labels, run)
        orders.append(places[np.lexsort(keys)])
    np.testing.assert_array_equal(ours.labels[orders[0]], theirs.labels[orders[1]])
    np.testing.assert_allclose(
        ours.bboxes[orders[0]], theirs.bboxes[orders[1]], rtol=0, atol=BOX_PX
    )


@cache
def _grid(ties: bool, size_hw: tuple[int, int]) -> tuple[list[Predictions], Images]:
    return crowded(seed=7, ties=ties, size_hw=size_hw, num_images=20, most=30)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.method}-{c.conf_type}-{c.iou_thr}")
@pytest.mark.parametrize(
    ("ties", "size_hw"),
    [
        pytest.param(True, (SIDE, SIDE), id="ties"),
        pytest.param(True, (480, 640), id="ties-640x480"),
        pytest.param(False, (1000, 700), id="no-ties"),
    ],
)
def test_kernels_equal_the_reference(
    config: FusionConfig, ties: bool, size_hw: tuple[int, int]
) -> None:
    models, images = _grid(ties, size_hw)
    ours = fuse_prepared(models, images.sizes_hw, config)
    theirs = fuse_prepared(models, images.sizes_hw, replace(config, backend="reference"))
    assert_equal_up_to_ties(ours, theirs)


def test_the_grid_is_not_vacuous() -> None:
    """It has ties, clusters of several models, several boxes of one model, and empty images."""
    models, images = _grid(True, (SIDE, SIDE))
    pooled = sum(model.num_boxes for model in models)
    fused = fuse_prepared(models, images.sizes_hw, FusionConfig(iou_thr=0.5))
    assert fused.num_boxes < 0.8 * pooled
    for model in models:
        assert (np.diff(model.offsets) == 0).any()
        keys = np.column_stack([model.image_index, model.labels, model.scores])
        assert len(np.unique(keys, axis=0)) < len(keys)
    outcomes = {
        fuse_prepared(models, images.sizes_hw, config).scores.sum().round(6) for config in CONFIGS
    }
    assert len(outcomes) > len(CONFIGS) / 2


@pytest.mark.parametrize("conf_type", ["avg", "max"])
def test_overlaps_with_a_mean_equal_the_threshold_there_too(conf_type: str) -> None:
    """Boxes on a grid of tenths, all of one score: many overlaps equal the threshold of a half.

    Whether a box joins is then decided by the last bits of the mean's area.
    """
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 50, (5, 40))
    sizes_hw = np.tile([2000, 3000], (40, 1))
    models = []
    for of_image in counts:
        low = rng.integers(0, 6, (of_image.sum(), 2))
        parts = np.concatenate([low, low + rng.integers(1, 4, low.shape)], axis=1)
        table = (parts * [300.0, 200.0, 300.0, 200.0], np.full(len(low), 0.5), np.zeros(len(low)))
        models.append(Predictions(np.arange(40), np.append(0, np.cumsum(of_image)), *table))
    config = FusionConfig(iou_thr=0.5, conf_type=conf_type)
    ours = fuse_prepared(models, sizes_hw, config)
    theirs = fuse_prepared(models, sizes_hw, replace(config, backend="reference"))
    assert_equal_up_to_ties(ours, theirs)


@pytest.fixture(scope="module")
def submissions() -> tuple[list[Predictions], Images]:
    """The first 400 images of five real submissions."""
    folder: Path = shared_data("predictions")
    names = [folder / f"test_cascade_swin_t_{k}.csv" for k in ("1", "2", "3", "4", "all")]
    tables = [read_submission(name, "trash") for name in names]
    chosen = tables[0].image_ids[:400]
    images = Images(chosen, tuple(map(str, chosen)), np.full((len(chosen), 2), SIDE))
    return [each.aligned_to(tables[0].image_ids).take(np.arange(400)) for each in tables], images


@pytest.mark.parametrize(
    "settings",
    [{"method": "wbf"}, {"method": "nms"}, {"method": "soft_nms"}, {"method": "nmw"}],
    ids=lambda settings: settings["method"],
)
def test_kernels_equal_the_reference_on_real_submissions(
    settings: dict, submissions: tuple[list[Predictions], Images]
) -> None:
    models, images = submissions
    config = FusionConfig(**settings, iou_thr=0.5, skip_box_thr=0.05, weights=(1, 1, 2.5, 1, 1))
    ours = fuse_prepared(models, images.sizes_hw, config)
    theirs = fuse_prepared(models, images.sizes_hw, replace(config, backend="reference"))
    assert_equal_up_to_ties(ours, theirs)
    assert 0 < ours.num_boxes < sum(model.num_boxes for model in models)
