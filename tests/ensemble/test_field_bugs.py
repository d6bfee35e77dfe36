"""Bugs of real team code that fusing can meet: each is refused, or cannot happen."""

from __future__ import annotations

import numpy as np
import pytest

from custom.ensemble import FusionConfig, fuse, fuse_prepared, fuse_with_notes
from custom.errors import PodiumError
from custom.tables import Images, Predictions
from tests.ensemble.toy import crowded, images_of, rows_of, table

BOX = (0, 100, 100, 200, 200)


@pytest.mark.parametrize("weights", [None, (1, 1, 1, 1)], ids=["unweighted", "weighted"])
def test_1_a_model_that_found_nothing_still_counts(weights: tuple | None) -> None:
    """Four models of which one fires: 0.8 alone is 0.2 with the empty ones, 0.8 without."""
    images = images_of(1)
    models = [table(images, [(*BOX, 0.8, 0)]), *(table(images, []) for _ in range(3))]
    assert fuse(models, images, FusionConfig(weights=weights)).scores[0] == pytest.approx(0.8 / 4)
    assert fuse(models[:1], images, FusionConfig()).scores[0] == pytest.approx(0.8)


def test_2_xywh_in_xyxy_slots_is_refused() -> None:
    images = images_of(1)
    xywh = table(images, [(0, 700, 500, 120, 80, 0.9, 0), (0, 10, 10, 300, 300, 0.4, 0)], "b.csv")
    with pytest.raises(PodiumError, match=r"b.csv: this looks like x, y, w, h.*100%.*: image"):
        fuse([xywh], images, FusionConfig())


def test_2_values_ordered_x1_x2_y1_y2_are_refused() -> None:
    images = images_of(1)
    rows = [(0, 100, 300, 50, 80, 0.9, 0), (0, 900, 1000, 50, 80, 0.9, 0)]
    mixed = table(images, rows, "c.csv")
    with pytest.raises(PodiumError, match=r"c.csv: this looks like x1, x2, y1, y2.* 0000.jpg"):
        fuse([mixed], images, FusionConfig())


def test_3_rows_are_joined_by_image_id_not_by_position() -> None:
    models, images = crowded(11)
    shuffled = np.random.default_rng(0).permutation(len(images))
    moved = [models[0], models[1].take(shuffled), models[2].take(shuffled[::-1])]
    result = fuse(moved, images, FusionConfig())
    assert rows_of(result) == rows_of(fuse(models, images, FusionConfig()))


def test_3_image_ids_made_anew_as_a_counter_are_refused() -> None:
    models, images = crowded(11)
    counted = models[1].with_columns(image_ids=np.arange(len(images)))
    with pytest.raises(PodiumError, match=r"model1.json must cover .* but has 10 others"):
        fuse([models[0], counted], images, FusionConfig())


@pytest.mark.parametrize("method", ["soft_nms", "soft_nms_linear", "nms", "diou_nms"])
def test_4_labels_move_with_their_boxes(method: str) -> None:
    """Each box that comes out has the label, and here the score, that it came in with."""
    models, images = crowded(12, ties=False)
    given = {row for model in models for row in rows_of(model)}
    for agnostic in (False, True):
        config = FusionConfig(method=method, class_agnostic=agnostic)
        result = set(rows_of(fuse(models, images, config)))
        assert result <= given
        assert len(result) > 50


def test_5_corners_read_as_width_and_height_leave_the_image() -> None:
    images = images_of(1)
    x1, y1, x2, y2 = 600, 500, 900, 800
    misread = table(images, [(0, x1, y1, x1 + x2, y1 + y2, 0.9, 0)], "pseudo.json")
    with pytest.raises(PodiumError, match=r"pseudo.json: .* must lie in its image"):
        fuse([misread], images, FusionConfig())


def test_6_an_index_column_read_as_a_label_is_refused() -> None:
    images = images_of(1)
    with pytest.raises(PodiumError, match="labels must be between 0 and 65535, but 1 of 1 are not"):
        fuse([table(images, [(*BOX, 0.5, 70_000)])], images, FusionConfig())


def test_7_renumbered_images_are_refused_not_matched_by_chance() -> None:
    models, images = crowded(13)
    shifted = models[2].with_columns(image_ids=models[2].image_ids + 1)
    with pytest.raises(PodiumError, match="but has 1 others, the first with id 40"):
        fuse([models[0], shifted], images, FusionConfig())


def test_9_more_than_a_hundred_boxes_an_image_stay() -> None:
    images = images_of(1)
    grid = [(0, 40 * (k % 20), 40 * (k // 20), 40 * (k % 20) + 30, 40 * (k // 20) + 30, 0.5, 0)
            for k in range(300)]  # fmt: skip
    for method in ("wbf", "nms", "soft_nms", "nmw"):
        config = FusionConfig(method=method)
        assert fuse([table(images, grid)], images, config).num_boxes == 300


FIVE_MODELS, DUPLICATES, LOW = 5, 10, 0.0288


def _duplicating() -> tuple[list[Predictions], Images]:
    """Return five models that each find a box with 0.9 and repeat it ten times with 0.0288."""
    images = images_of(1)
    repeats = [(0, 100 + k / 10, 100, 200, 200, LOW, 0) for k in range(DUPLICATES)]
    rows = [(*BOX, 0.9, 0), *repeats]
    return [table(images, rows, f"dino{k}.json") for k in range(FIVE_MODELS)], images


def test_duplicates_wreck_wbf_and_the_guard_says_so() -> None:
    models, images = _duplicating()
    result = fuse_with_notes(models, images, FusionConfig())
    boxes = FIVE_MODELS * (1 + DUPLICATES)
    mean = FIVE_MODELS * (0.9 + DUPLICATES * LOW) / boxes  # 0.108
    assert mean == pytest.approx(0.108)
    assert result.predictions.scores.tolist() == pytest.approx([mean], abs=1e-6)
    found = [note for note in result.notes if "does not suppress its own duplicates" in note]
    assert len(found) == FIVE_MODELS
    assert found[0].startswith("dino0.json")
    assert "91% of its boxes" in found[0]


@pytest.mark.parametrize(
    ("settings", "dedupe"),
    [
        pytest.param({}, True, id="dedupe"),
        pytest.param({"conf_type": "max"}, False, id="max"),
        pytest.param({"skip_box_thr": 0.05}, False, id="skip"),
    ],
)
def test_what_the_guard_offers_keeps_the_score(settings: dict, dedupe: bool) -> None:
    models, images = _duplicating()
    result = fuse_with_notes(models, images, FusionConfig(**settings), dedupe=dedupe)
    assert result.predictions.scores[0] == pytest.approx(0.9, abs=1e-6)
    assert not any("does not suppress" in note for note in result.notes)
    dropped = [note for note in result.notes if "10 duplicates of 11 boxes were dropped" in note]
    assert len(dropped) == (FIVE_MODELS if dedupe else 0)


def test_zero_scores_give_no_nan() -> None:
    models, images = crowded(1)
    silent = models[0].with_columns(scores=np.zeros_like(models[0].scores))
    for method in ("wbf", "nmw"):
        config = FusionConfig(method=method, skip_box_thr=0.0)
        assert np.isfinite(fuse_prepared([silent], images.sizes_hw, config).bboxes).all()
