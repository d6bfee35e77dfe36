"""What each method gives, derived by hand; edges; what must not change the result."""

from __future__ import annotations

import math

import numpy as np
import pytest

from custom.ensemble import CONF_TYPES, FusionConfig, fuse, fuse_prepared, fuse_with_notes
from custom.errors import PodiumError
from custom.tables import Images, Predictions
from tests.ensemble.toy import crowded, images_of, rows_of, table

METHODS = ("wbf", "nms", "soft_nms", "soft_nms_linear", "nmw", "diou_nms")
A = (0, 100, 100, 200, 200)  # image and box
B = (0, 110, 100, 210, 200)  # overlaps A by 90/110
FAR = (0, 600, 600, 700, 700)


def fused(rows: list[list[tuple]], **settings: object) -> Predictions:
    images = images_of(1)
    models = [table(images, each, f"m{k}") for k, each in enumerate(rows)]
    return fuse(models, images, FusionConfig(iou_thr=0.5, **settings))


@pytest.mark.parametrize(
    ("settings", "score"),
    [
        pytest.param({"conf_type": "avg"}, (0.9 + 0.6) / 2 * 2 / 3, id="avg"),
        pytest.param({"conf_type": "max"}, 0.9, id="max"),
        pytest.param({"conf_type": "box_and_model_avg"}, (0.9 + 0.6) / 2 * 2 / 3, id="models"),
        pytest.param({"conf_type": "absent_model_aware_avg"}, (0.9 + 0.6) / (2 + 1), id="absent"),
        pytest.param(
            {"weights": (2, 1, 1), "raw_scores": True},
            (2 * 0.9 + 0.6) / 2 * 2 / (2 + 1 + 1),
            id="weights",
        ),
        # The greatest possible score of three models is 3 * 2 / (2 + 1 + 1).
        pytest.param(
            {"weights": (2, 1, 1)}, (2 * 0.9 + 0.6) / 2 * 2 / (3 * 2), id="weights-rescaled"
        ),
    ],
)
def test_wbf_of_two_boxes_and_a_silent_model(settings: dict, score: float) -> None:
    result = fused([[(*A, 0.9, 1)], [(*B, 0.6, 1)], []], **settings)
    weight = settings.get("weights", (1,))[0] * 0.9
    shift = 10 * 0.6 / (weight + 0.6)
    assert result.num_boxes == 1
    np.testing.assert_allclose(result.bboxes[0], [100 + shift, 100, 200 + shift, 200], atol=1e-3)
    assert result.scores[0] == pytest.approx(score, abs=1e-6)
    assert result.labels.tolist() == [1]


def test_overflow_counts_every_box_of_a_cluster() -> None:
    twice = [[(*A, 0.9, 0), (*A, 0.9, 0)]]
    assert fused(twice).scores[0] == pytest.approx(0.9, abs=1e-6)
    assert fused(twice, allows_overflow=True).scores[0] == pytest.approx(2 * 0.9, abs=1e-6)


def test_nms_keeps_the_best_box_as_it_is() -> None:
    result = fused([[(*A, 0.6, 0)], [(*B, 0.9, 0), (*FAR, 0.3, 0)]], method="nms")
    np.testing.assert_array_equal(result.bboxes, [B[1:], FAR[1:]])
    assert result.scores.tolist() == [0.9, 0.3]


def test_diou_nms_spares_a_box_with_a_distant_centre() -> None:
    # Common area 60 x 100 of 140 x 100: IoU 3/7. The centres are 40 apart; the hull of both is
    # 140 x 100. DIoU = 3/7 - 1600 / (140^2 + 100^2) = 0.3745.
    rows = [[(0, 100, 100, 200, 200, 0.9, 0)], [(0, 140, 100, 240, 200, 0.8, 0)]]
    images = images_of(1)
    models = [table(images, each) for each in rows]
    distance = 3 / 7 - 40**2 / (140**2 + 100**2)
    for iou_thr, left in ((distance - 1e-6, 1), (distance + 1e-6, 2)):
        config = FusionConfig(method="diou_nms", iou_thr=iou_thr)
        assert fuse(models, images, config).num_boxes == left
    assert fuse(models, images, FusionConfig(method="nms", iou_thr=distance)).num_boxes == 1


@pytest.mark.parametrize(
    ("method", "factor"),
    [
        pytest.param("soft_nms", math.exp(-((90 / 110) ** 2) / 0.5), id="gaussian"),
        pytest.param("soft_nms_linear", 1 - 90 / 110, id="linear"),
    ],
)
def test_soft_nms_decays_by_overlap(method: str, factor: float) -> None:
    rows = [[(*A, 0.9, 0)], [(*B, 0.8, 0), (*FAR, 0.3, 0)]]
    decayed = fused(rows, method=method, decay_scores=True)
    order = np.argsort(-decayed.bboxes[:, 0])
    np.testing.assert_allclose(decayed.scores[order], [0.3, 0.8 * factor, 0.9], atol=1e-12)
    as_reference = fused(rows, method=method)
    assert sorted(as_reference.scores.tolist()) == [0.3, 0.8, 0.9]
    assert fused(rows, method=method, score_thr=0.8 * factor).num_boxes == 2


def test_nmw_pulls_the_best_box_by_score_and_overlap() -> None:
    result = fused([[(*A, 0.9, 0)], [(*B, 0.6, 0)]], method="nmw")
    pull = 0.6 * 90 / 110
    shift = 10 * pull / (0.9 + pull)
    np.testing.assert_allclose(result.bboxes[0], [100 + shift, 100, 200 + shift, 200], atol=1e-3)
    assert result.scores[0] == pytest.approx(0.9, abs=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_classes_are_fused_apart_unless_agnostic(method: str) -> None:
    rows = [[(*A, 0.9, 2)], [(*A, 0.4, 0)]]
    assert sorted(fused(rows, method=method).labels.tolist()) == [0, 2]
    together = fused(rows, method=method, class_agnostic=True, score_thr=0.1)
    assert together.labels.tolist() == [2]


@pytest.mark.parametrize("method", METHODS)
def test_agnostic_is_the_same_as_one_class(method: str) -> None:
    models, images = crowded(3)
    config = FusionConfig(method=method, class_agnostic=True)
    plain = [model.with_columns(labels=np.zeros_like(model.labels)) for model in models]
    agnostic = fuse_prepared(models, images.sizes_hw, config)
    single = fuse_prepared(plain, images.sizes_hw, FusionConfig(method=method))
    np.testing.assert_array_equal(agnostic.bboxes, single.bboxes)
    np.testing.assert_array_equal(agnostic.scores, single.scores)
    assert set(agnostic.labels.tolist()) == {0, 1, 2}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([[], []], id="no-boxes"),
        pytest.param([[(*A, 0.5, 0)], []], id="one-box"),
        pytest.param([[(*A, 0.0, 0)], [(*A, 0.0, 0)]], id="scores-zero"),
        pytest.param([[(*A, 0.5, 0)], [(*A, 0.5, 0)]], id="tie"),
        pytest.param([[(*A, 0.5, 0)], [(0, 200, 100, 300, 200, 0.5, 0)]], id="touching"),
        pytest.param([[(0, 0, 0, 1024, 1024, 1.0, 0)], [(0, 5, 5, 5.001, 5.001, 1, 0)]], id="tiny"),
    ],
)
def test_edges_give_finite_boxes(method: str, rows: list[list[tuple]]) -> None:
    result = fused(rows, method=method, skip_box_thr=0.0)
    assert np.isfinite(result.bboxes).all()
    assert np.isfinite(result.scores).all()
    given = sum(map(len, rows))
    assert result.num_boxes <= given
    assert (result.num_boxes > 0) == (given > 0 and (max(r[5] for m in rows for r in m) > 0
                                                     or "soft" not in method))  # fmt: skip


def test_no_images_give_no_boxes() -> None:
    images = images_of(0)
    assert fuse([table(images, [])], images, FusionConfig()).num_images == 0


@pytest.mark.parametrize("method", METHODS)
def test_the_number_of_threads_changes_nothing(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    models, images = crowded(5, num_images=700, most=40)
    assert sum(model.num_boxes for model in models) > 20_000
    results = []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("PODIUM_NUM_THREADS", threads)
        results.append(fuse_prepared(models, images.sizes_hw, FusionConfig(method=method)))
    for other in results[1:]:
        for name in ("offsets", "bboxes", "scores", "labels"):
            np.testing.assert_array_equal(getattr(results[0], name), getattr(other, name))


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_models_changes_nothing(method: str) -> None:
    models, images = crowded(6, ties=False)
    first = fuse_prepared(models, images.sizes_hw, FusionConfig(method=method))
    second = fuse_prepared(models[::-1], images.sizes_hw, FusionConfig(method=method))
    assert rows_of(first) == rows_of(second)


@pytest.mark.parametrize("method", METHODS)
def test_every_box_is_accounted_for(method: str) -> None:
    """At a threshold that nothing reaches, what comes out is what went in."""
    models, images = crowded(8, ties=False)
    alone = FusionConfig(method=method, iou_thr=1.0, sigma=1e9, conf_type="max", score_thr=0.0)
    result = fuse_prepared(models, images.sizes_hw, alone)
    given = sorted(row for model in models for row in rows_of(model, 3))
    assert rows_of(result, 3) == given


def test_inputs_are_not_modified() -> None:
    models, images = crowded(9)
    before = [rows_of(model) for model in models]
    for method in METHODS:
        fuse_with_notes(models, images, FusionConfig(method=method, weights=(3, 2, 1)), dedupe=True)
    assert [rows_of(model) for model in models] == before


def test_a_weight_of_zero_removes_the_model() -> None:
    models, images = crowded(4)
    for method in METHODS:
        config = FusionConfig(method=method, weights=(2, 0, 1))
        without = FusionConfig(method=method, weights=(2, 1))
        result = fuse(models, images, config)
        assert np.isfinite(result.bboxes).all()
        assert rows_of(result) == rows_of(fuse([models[0], models[2]], images, without))


def test_scores_above_one_are_said() -> None:
    rows = [[(*A, 0.95, 0), (*A, 0.95, 0)], [(*FAR, 0.5, 0)]]
    images = images_of(1)
    models = [table(images, each) for each in rows]
    result = fuse_with_notes(models, images, FusionConfig(weights=(2.5, 1), raw_scores=True))
    # Two boxes by a model of weight 2.5, averaged, times min(2 models, 2 boxes) / (2.5 + 1).
    assert result.predictions.scores.max() == pytest.approx(2.5 * 0.95 * 2 / 3.5)
    assert any("1 fused scores are above 1, the highest 1.357" in note for note in result.notes)
    rescaled = fuse_with_notes(models, images, FusionConfig(weights=(2.5, 1)))
    # The greatest that these weights can give is 2 * 2.5 / 3.5.
    assert rescaled.predictions.scores.max() == pytest.approx(0.95)
    assert any("scores were divided by 1.43" in note for note in rescaled.notes)


@pytest.mark.parametrize("conf_type", CONF_TYPES)
@pytest.mark.parametrize("weights", [None, (1, 1, 1), (0.3, 5, 2), (0, 4, 1), (1e-3, 1, 1)])
def test_no_fused_score_is_above_one_by_default(conf_type: str, weights: tuple | None) -> None:
    certain = [(*A, 1.0, 0), (*B, 1.0, 0), (*A, 1.0, 0)]
    result = fused([certain, certain, certain], conf_type=conf_type, weights=weights)
    assert 0.0 < result.scores.max() <= 1.0 + 1e-6


def test_soft_nms_says_that_it_returned_the_scores_that_came_in() -> None:
    models, images = crowded(2, num_images=3)
    for config, said in (
        (FusionConfig(method="soft_nms"), True),
        (FusionConfig(method="soft_nms_linear"), True),
        (FusionConfig(method="soft_nms", decay_scores=True), False),
        (FusionConfig(method="nms"), False),
    ):
        notes = fuse_with_notes(models, images, config).notes
        assert any("use --decay-scores" in note for note in notes) == said


def test_unknown_image_sizes_are_said_and_fused_in_pixels() -> None:
    models, images = crowded(2)
    unsized = Images(images.ids, images.file_names, np.zeros_like(images.sizes_hw), "csv")
    result = fuse_with_notes(models, unsized, FusionConfig())
    assert any("sizes are unknown" in note for note in result.notes)
    known = fuse(models, images, FusionConfig())
    np.testing.assert_allclose(result.predictions.bboxes, known.bboxes, atol=1e-2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "wfb"}, "method must be one of wbf, nmw, .*, but is 'wfb'"),
        ({"conf_type": "mean"}, "conf_type must be one of avg"),
        ({"backend": "gpu"}, "backend must be one of numba, reference"),
        ({"iou_thr": 1.5}, "iou_thr must be between 0 and 1, but is 1.5"),
        ({"skip_box_thr": float("nan")}, "skip_box_thr must be between 0 and 1"),
        ({"sigma": 0.0}, "sigma must be above 0, but is 0"),
        ({"method": "diou_nms", "backend": "reference"}, "has no diou_nms"),
        ({"class_agnostic": True, "backend": "reference"}, "use backend 'numba'"),
    ],
)
def test_bad_settings_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(PodiumError, match=message):
        FusionConfig(**settings)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ((2.0, 1.0), r"weights must have one entry per model \(3\), but got 2: \[2.0, 1.0\]"),
        ((0, 0, 0), "weights must not all be zero"),
        ((1, -1, 1), "number 2 of .* is -1"),
        ((1, float("nan"), 1), "number 2 of .* is nan"),
    ],
)
def test_bad_weights_are_refused(weights: tuple[float, ...], message: str) -> None:
    models, images = crowded(1)
    with pytest.raises(PodiumError, match=message):
        fuse(models, images, FusionConfig(weights=weights))
