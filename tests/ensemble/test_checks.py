"""What fusing refuses, by model, image and box; and the repairs, by name and counted."""

from __future__ import annotations

import numpy as np
import pytest

from custom.ensemble import FusionConfig, fuse, prepare
from custom.errors import PodiumError
from custom.tables import Images
from tests.ensemble.toy import images_of, table

GOOD = (0, 10, 10, 20, 20, 0.5, 0)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        pytest.param((1, 10, 10, 5, 20, 0.5, 0), "must have x2 > x1 and y2 > y1", id="x2<x1"),
        pytest.param((1, 10, 10, 20, 10, 0.5, 0), "must have x2 > x1 and y2 > y1", id="y2=y1"),
        pytest.param((1, 10, 10, 20, 20, 1.5, 0), "must have a score between 0 and 1", id="score"),
        pytest.param((1, 10, 10, 20, 20, -0.1, 0), "score -0.1", id="negative-score"),
        pytest.param((1, 10, 10, 20, np.nan, 0.5, 0), "finite numbers", id="nan-box"),
        pytest.param((1, 10, 10, np.inf, 20, 0.5, 0), "finite numbers", id="inf-box"),
        pytest.param((1, 10, 10, 20, 20, np.nan, 0), "finite numbers", id="nan-score"),
        pytest.param((1, 10, 10, 1025.5, 20, 0.5, 0), "must lie in its image", id="right"),
        pytest.param((1, 10, -1.5, 20, 20, 0.5, 0), "must lie in its image", id="above"),
        pytest.param((1, 10, 10, 20, 20, 0.5, -1), "must have a label between 0", id="label"),
    ],
)
def test_a_wrong_box_is_named(row: tuple, message: str) -> None:
    images = images_of(2)
    good, bad = (
        table(images, [GOOD], "a.json"),
        table(images, [GOOD, (*GOOD[1:],)[:0] or (1, *GOOD[1:]), row], "b.json"),
    )
    with pytest.raises(PodiumError, match=message) as error:
        prepare([good, bad], images)
    assert str(error.value).startswith("b.json: image '0001.jpg' (1024x1024), box 1 must ")
    assert "(1 of 3 boxes are like that)" in str(error.value)


def test_rounding_is_clipped_and_counted() -> None:
    images = images_of(1)
    model = table(images, [(0, -0.5, 10, 20, 1024.9, 0.5, 0), GOOD])
    (clipped,), notes = prepare([model], images)
    assert clipped.bboxes[0].tolist() == [0, 10, 20, 1024]
    assert notes == ["a.json: 1 boxes were limited to their images, 1 of them by 1 pixel or less"]
    assert model.bboxes[0, 0] == -0.5


def test_clip_by_name_limits_what_is_far_outside() -> None:
    images = images_of(1, height=100, width=50)
    model = table(images, [(0, 10, 20, 70, 90, 0.5, 0), (0, 0, 0, 50.5, 9, 0.5, 0)])
    (clipped,), notes = prepare([model], images, clip=True)
    assert clipped.bboxes.tolist() == [[10, 20, 50, 90], [0, 0, 50, 9]]
    assert notes == ["a.json: 2 boxes were limited to their images, 1 of them by 1 pixel or less"]


def test_a_box_that_clipping_leaves_without_area_is_not_dropped_in_silence() -> None:
    images = images_of(1, height=100, width=50)
    model = table(images, [(0, 60, 20, 70, 90, 0.5, 0), (0, 1, 2, 3, 4, 0.5, 0)])
    with pytest.raises(PodiumError, match="box 0 must have x2 > x1"):
        prepare([model], images, clip=True)
    (left,), notes = prepare([model], images, clip=True, drop_degenerate=True)
    assert left.bboxes.tolist() == [[1, 2, 3, 4]]
    assert notes[-1] == "a.json: 1 boxes without area were dropped"


def test_drop_degenerate_by_name() -> None:
    images = images_of(2)
    model = table(images, [(0, 5, 5, 5, 9, 0.5, 0), GOOD, (1, 9, 9, 5, 5, 0.5, 0)])
    (left,), notes = prepare([model], images, drop_degenerate=True)
    assert left.num_boxes == 1
    assert left.num_images == 2
    assert notes == ["a.json: 2 boxes without area were dropped"]


def test_an_image_that_a_model_did_not_see_is_refused() -> None:
    images = images_of(3)
    partial = table(images, [GOOD], "partial.json").take([0, 1])
    with pytest.raises(PodiumError, match=r"partial.json must cover 3 images, but misses 1"):
        prepare([table(images, [GOOD]), partial], images)


def test_an_image_that_is_not_in_the_list_is_refused() -> None:
    images = images_of(3)
    with pytest.raises(PodiumError, match=r"a.json must cover the 2 images of test.json and no"):
        prepare([table(images, [GOOD])], images.take([0, 1]))


def test_no_models_are_refused() -> None:
    with pytest.raises(PodiumError, match="at least one model"):
        fuse([], images_of(1), FusionConfig())


def test_good_tables_pass_unchanged_and_without_notes() -> None:
    images = images_of(2)
    model = table(images, [GOOD, (1, 0, 0, 1024, 1024, 1.0, 3), (1, 1, 1, 2, 2, 0.0, 0)])
    (same,), notes = prepare([model], images)
    assert same is model
    assert notes == []


def test_sizes_are_each_images_own() -> None:
    sizes = np.array([[100, 200], [200, 100]])
    images = Images([1, 2], ("wide", "tall"), sizes, "x")
    wide, tall = (0, 0, 0, 200, 100, 0.5, 0), (1, 0, 0, 100, 200, 0.5, 0)
    prepare([table(images, [wide, tall])], images)
    with pytest.raises(PodiumError, match=r"'tall' \(100x200\), box 0"):
        prepare([table(images, [wide, (1, *wide[1:])])], images)
