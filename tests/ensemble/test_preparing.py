"""What fusing refuses, by model, image and box; and the repairs, by name and counted."""

from __future__ import annotations

import re

import numpy as np
import pytest

from custom.ensemble import FusionConfig, fuse, prepare
from custom.errors import PodiumError
from custom.tables import Images, Predictions
from tests.ensemble.toy import images_of, table

GOOD = (0, 10, 10, 20, 20, 0.5, 0)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        pytest.param((1, 10, 10, 5, 20, 0.5, 0), "x2 must be beyond x1", id="x2<x1"),
        pytest.param((1, 10, 10, 20, 10, 0.5, 0), "x2 must be beyond x1", id="y2=y1"),
        pytest.param((1, 10, 10, 20, 20, 1.5, 0), r"must be in .*, but is 1.5", id="score"),
        pytest.param((1, 10, 10, 20, 20, -0.1, 0), "but is -0.1", id="negative-score"),
        pytest.param((1, 10, 10, 20, np.nan, 0.5, 0), "finite numbers", id="nan-box"),
        pytest.param((1, 10, 10, np.inf, 20, 0.5, 0), "finite numbers", id="inf-box"),
        pytest.param((1, 10, 10, 20, 20, np.nan, 0), "finite numbers", id="nan-score"),
        pytest.param((1, 10, 10, 1025.5, 20, 0.5, 0), "must lie in its image", id="right"),
        pytest.param((1, 10, -1.5, 20, 20, 0.5, 0), "must lie in its image", id="above"),
    ],
)
def test_a_wrong_box_is_named(row: tuple, message: str) -> None:
    images = images_of(2)
    good, bad = (
        table(images, [GOOD], "a.json"),
        table(images, [GOOD, (1, *GOOD[1:]), row], "b.csv"),
    )
    with pytest.raises(PodiumError, match=message) as error:
        prepare([good, bad], images)
    assert str(error.value).startswith("b.csv: ")
    assert "image 0001.jpg, box 2: " in str(error.value)
    assert re.search(r"\(1 of 3 boxes\)|\(1 such", str(error.value))


def test_labels_out_of_range_are_counted() -> None:
    images = images_of(2)
    with pytest.raises(PodiumError, match=r"a.json: labels .* 1 of 2 are not, the first -1"):
        prepare([table(images, [GOOD, (1, 10, 10, 20, 20, 0.5, -1)])], images)


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
    (clipped,), notes = prepare([model], images, clip=True, max_repaired=0.5)
    assert clipped.bboxes.tolist() == [[10, 20, 50, 90], [0, 0, 50, 9]]
    assert notes == ["a.json: 2 boxes were limited to their images, 1 of them by 1 pixel or less"]


def test_a_box_that_clipping_leaves_without_area_is_not_dropped_in_silence() -> None:
    images = images_of(1, height=100, width=50)
    model = table(images, [(0, 60, 20, 70, 90, 0.5, 0), (0, 1, 2, 3, 4, 0.5, 0)])
    with pytest.raises(PodiumError, match="box 1 must have an area inside its image"):
        prepare([model], images, clip=True, max_repaired=1.0)
    (left,), notes = prepare([model], images, clip=True, drop_degenerate=True, max_repaired=1.0)
    assert left.bboxes.tolist() == [[1, 2, 3, 4]]
    assert notes[-1] == "a.json: 1 boxes without area were dropped"


def test_drop_degenerate_by_name() -> None:
    images = images_of(2)
    model = table(images, [(0, 5, 5, 5, 9, 0.5, 0), GOOD, (1, 9, 9, 5, 5, 0.5, 0)])
    (left,), notes = prepare([model], images, drop_degenerate=True, max_repaired=0.7)
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
    with pytest.raises(PodiumError, match=r"image tall, box 1: .* its image \(100x200\)"):
        prepare([table(images, [wide, (1, *wide[1:])])], images)


def test_a_hair_above_one_is_rounded_and_counted() -> None:
    images = images_of(1)
    (rounded,), notes = prepare([table(images, [(*GOOD[:5], 1.0000001, 0)])], images)
    assert rounded.scores.tolist() == [1.0]
    assert notes == ["a.json: 1 scores were rounded to 0 or 1"]
    with pytest.raises(PodiumError, match=r"score must be in \[0, 1\], but is 1.00001 "):
        prepare([table(images, [(*GOOD[:5], 1.00001, 0)])], images)


def many(num_images: int = 60, seed: int = 0) -> tuple[Images, np.ndarray]:
    """Return square images, and a box (N, 4) on each, none near its own mirror image."""
    rng = np.random.default_rng(seed)
    low = np.column_stack([rng.uniform(20, 250, num_images), rng.uniform(300, 600, num_images)])
    size = np.column_stack([rng.uniform(60, 120, num_images), rng.uniform(150, 300, num_images)])
    return images_of(num_images), np.hstack([low, low + size])


def as_table(images: Images, bboxes: np.ndarray, source: str, labels: object = 0) -> Predictions:
    index = np.arange(len(images))
    labels = np.broadcast_to(np.asarray(labels), len(images))
    return Predictions.from_rows(
        images.ids, index, bboxes, np.full(len(images), 0.5), labels, source
    )


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(lambda b: b[:, [1, 0, 3, 2]], "boxes y1, x1, y2, x2", id="axes"),
        pytest.param(lambda b: 1024 - b[:, [2, 1, 0, 3]] * [1, 0, 1, 0] - [0, 1024, 0, 1024]
                     + b * [0, 1, 0, 1], "flipped left to right", id="mirrored"),
        pytest.param(lambda b: b / 2, "of an image half as large", id="half"),
        pytest.param(lambda b: b / 1024, "these look like fractions of the image", id="fractions"),
        pytest.param(lambda b: np.roll(b, 1, axis=0), "of the rows before their own", id="rows"),
        pytest.param(lambda b: np.hstack([b[:, :2], b[:, 2:] - b[:, :2]]),
                     "this looks like x, y, w, h", id="sizes"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("repairs", [{}, {"clip": True, "drop_degenerate": True}])
def test_one_bad_file_among_good_ones_is_named(spoil, message: str, repairs: dict) -> None:
    images, bboxes = many()
    good = [as_table(images, bboxes + shift, f"{shift}.csv") for shift in (0, 3)]
    prepare(good, images)
    bad = as_table(images, spoil(bboxes), "bad.csv")
    with pytest.raises(PodiumError, match=rf"^bad.csv: .*{message}"):
        prepare([*good, bad], images, **repairs)


def test_shifted_labels_are_found_beside_another_file() -> None:
    images, bboxes = many()
    labels = np.arange(len(images)) % 5
    good, bad = (
        as_table(images, bboxes, "a.csv", labels),
        as_table(images, bboxes, "b.csv", labels + 1),
    )
    prepare([good, good], images)
    with pytest.raises(PodiumError, match=r"labels agree on 0% .* but on 100% if they are shifted"):
        prepare([good, bad], images)


def test_repairs_touch_few_boxes_unless_more_are_allowed() -> None:
    images, bboxes = many(100)
    outside = bboxes.copy()
    outside[:3, 2] = 1030.0  # 3 of 100 boxes end 6 pixels outside
    model = as_table(images, outside, "a.csv")
    with pytest.raises(PodiumError, match=r"--clip must touch at most 2% .* 3 of 100 \(3%\)"):
        prepare([model], images, clip=True)
    (clipped,), _ = prepare([model], images, clip=True, max_repaired=0.03)
    assert clipped.bboxes[:, 2].max() == 1024.0
    outside[2, 2] = 1024.0
    (clipped,), _ = prepare([as_table(images, outside, "a.csv")], images, clip=True)
    assert clipped.bboxes[:, 2].max() == 1024.0
