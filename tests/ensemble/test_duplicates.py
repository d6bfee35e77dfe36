"""Models that repeat their boxes are measured; deduplication keeps what stays as it was."""

from __future__ import annotations

import pytest

from custom.ensemble import FusionConfig, dedupe, duplicate_rate, find_duplicating
from custom.submission import read_submission
from custom.testing import shared_data
from tests.ensemble.toy import images_of, rows_of, table

A = (0, 100, 100, 200, 200)
NEAR = (0, 105, 100, 205, 200)  # IoU 95/105 with A
HALF = (0, 150, 100, 250, 200)  # IoU 50/150


@pytest.mark.parametrize(
    ("rows", "rate"),
    [
        pytest.param([], 0.0, id="no-boxes"),
        pytest.param([(*A, 0.9, 0)], 0.0, id="one-box"),
        pytest.param([(*A, 0.9, 0), (*NEAR, 0.2, 0), (*HALF, 0.5, 0)], 1 / 3, id="one-of-three"),
        pytest.param([(*A, 0.9, 0), (*NEAR, 0.9, 0)], 1 / 2, id="tie"),
        pytest.param([(*A, 0.9, 0), (*NEAR, 0.8, 1)], 0.0, id="other-class"),
        pytest.param([(*A, 0.9, 0), (1, *A[1:], 0.8, 0)], 0.0, id="other-image"),
    ],
)
def test_rate_is_the_share_of_boxes_that_repeat_a_better_one(rows: list, rate: float) -> None:
    assert duplicate_rate(table(images_of(2), rows)) == pytest.approx(rate)


def test_dedupe_keeps_the_best_untouched() -> None:
    images = images_of(2)
    model = table(images, [(*NEAR, 0.2, 0), (*A, 0.9, 0), (*HALF, 0.0, 0)], "x.json")
    kept = dedupe(model)
    assert set(rows_of(kept)) == {row for row in rows_of(model) if row[-2] != 0.2}
    assert (kept.source, kept.num_images) == ("x.json", 2)
    assert rows_of(dedupe(kept)) == rows_of(kept)


def test_a_model_is_named_only_where_it_does_harm() -> None:
    images = images_of(1)
    good = table(images, [(*A, 0.9, 0), (*HALF, 0.5, 0)], "good.json")
    bad = table(images, [(*A, 0.9, 0), (*NEAR, 0.04, 0)], "bad.json")
    (finding,) = find_duplicating([good, bad], FusionConfig())
    assert finding.startswith("bad.json does not suppress its own duplicates: 50% of its boxes")
    for harmless in (
        {"method": "nms"},
        {"conf_type": "max"},
        {"skip_box_thr": 0.05},
        {"weights": (1, 0)},
    ):
        assert find_duplicating([good, bad], FusionConfig(**harmless)) == []


def test_a_few_repeats_do_not_make_a_model_suspect() -> None:
    rows = [(0, 30 * k, 0, 30 * k + 20, 20, 0.9, 0) for k in range(30)]
    nearly = table(images_of(1), [*rows, (0, 1, 0, 21, 20, 0.1, 0)])  # 1 of 31
    assert find_duplicating([nearly], FusionConfig()) == []


def test_no_real_detector_with_nms_is_suspected() -> None:
    path = shared_data("predictions/test_cascade_swin_t_1.csv")
    assert find_duplicating([read_submission(path, "trash")], FusionConfig()) == []
