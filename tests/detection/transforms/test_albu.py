import albumentations as A
import numpy as np
import pytest

from custom.detection.transforms.albu import Albu
from custom.errors import PodiumError
from tests.detection.transforms import albu_lists
from tests.detection.transforms.conftest import bboxes_of, check_types, picture, sample

BOXES = [[1.0, 2.0, 30.0, 40.0], [50.0, 10.0, 70.0, 20.0]]
FLIP = {"type": "HorizontalFlip", "p": 1.0}


def applied(transforms, bboxes=BOXES, labels=(3, 1), ignore=(False, True), seed=0, **kwargs):
    np.random.seed(seed)
    return Albu(transforms, **kwargs)(sample(picture(), bboxes, labels, ignore))


def test_boxes_labels_and_flags_stay_in_step():
    results = applied([FLIP])
    check_types(results)
    assert np.array_equal(results["img"], picture()[:, ::-1])
    assert bboxes_of(results).tolist() == [[80 - 30, 2, 80 - 1, 40], [80 - 70, 10, 80 - 50, 20]]
    assert results["gt_bboxes_labels"].tolist() == [3, 1]
    assert results["gt_ignore_flags"].tolist() == [False, True]


def test_a_box_that_is_cropped_away_takes_its_label_along():
    crop = {"type": "Crop", "x_min": 45, "y_min": 0, "x_max": 80, "y_max": 60}
    results = applied([crop])
    check_types(results)
    assert bboxes_of(results) == pytest.approx(np.array([[50 - 45, 10, 70 - 45, 20]]))
    assert results["gt_bboxes_labels"].tolist() == [1]
    assert results["gt_ignore_flags"].tolist() == [True]
    assert results["img_shape"] == (60, 35)


def test_an_image_without_boxes_stays():
    results = applied([FLIP], [], [], [])
    check_types(results)
    assert len(results["gt_bboxes"]) == 0


def test_all_boxes_may_go():
    crop = {"type": "Crop", "x_min": 72, "y_min": 0, "x_max": 80, "y_max": 60}
    results = applied([crop])
    check_types(results)
    assert len(results["gt_bboxes"]) == 0


@pytest.mark.parametrize(
    ("bbox", "kwargs", "expected"),
    [
        pytest.param([10, 10, 10.3, 20], {}, [70 - 0.3, 10, 70, 20], id="thin stays"),
        pytest.param([10, 10, 10.3, 20], {"min_side": 1.0}, None, id="thin goes if asked"),
        pytest.param([-5, 10, 20, 90], {}, [60, 10, 80, 60], id="limited to the image"),
        pytest.param([80.5, 10, 90, 20], {}, None, id="outside goes"),
    ],
)
def test_difficult_boxes(bbox, kwargs, expected):
    found = bboxes_of(applied([FLIP], [bbox], [2], [False], **kwargs))
    assert found == pytest.approx(np.array(expected or []).reshape(-1, 4), abs=1e-3)


def test_min_visible_drops_what_is_mostly_cut():
    crop = {"type": "Crop", "x_min": 65, "y_min": 0, "x_max": 80, "y_max": 60}
    assert len(bboxes_of(applied([crop], min_visible=0.2))) == 1  # 5 of 20 pixels remain
    assert len(bboxes_of(applied([crop], min_visible=0.3))) == 0


def test_the_sample_s_seed_decides():
    noise = [{"type": "GaussNoise", "p": 1.0}, {"type": "RandomBrightnessContrast", "p": 1.0}]
    one, two, other = (applied(noise, seed=seed)["img"] for seed in (1, 1, 2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_a_used_pipeline_has_no_memory():
    albu = Albu([{"type": "GaussNoise", "p": 0.5}])
    np.random.seed(5)
    first = albu(sample(picture(), [], []))["img"]
    for _ in range(3):
        albu(sample(picture(), [], []))
    np.random.seed(5)
    assert np.array_equal(albu(sample(picture(), [], []))["img"], first)


def test_transforms_draw_independently():
    # With one seed for each, a flip and a transposition of the same probability go together.
    both = [{"type": "HorizontalFlip", "p": 0.5}, {"type": "VerticalFlip", "p": 0.5}]
    seen = set()
    for seed in range(40):
        image = applied(both, seed=seed)["img"]
        options = [picture()[::v, ::h] for v in (1, -1) for h in (1, -1)]
        seen.add(next(i for i, option in enumerate(options) if np.array_equal(option, image)))
    assert seen == {0, 1, 2, 3}


def test_the_image_is_rgb_for_albumentations():
    results = applied([{"type": "ToGray", "p": 1.0}])
    weights = np.array([0.114, 0.587, 0.299])  # of B, G, R
    assert results["img"][..., 0] == pytest.approx(picture() @ weights, abs=1.1)


def test_nested_transforms_are_built():
    results = applied([{"type": "OneOf", "transforms": [FLIP], "p": 1.0}])
    assert np.array_equal(results["img"], picture()[:, ::-1])


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        pytest.param({"type": "Fogg"}, "no transform 'Fogg'", id="unknown"),
        pytest.param({"type": "GausNoise"}, "did you mean GaussNoise", id="near"),
        pytest.param({"p": 1.0}, "dicts with a type", id="no type"),
        pytest.param("Blur", "dicts with a type", id="no dict"),
        pytest.param({"type": "RandomFog", "fog_coef": 0.1}, "no argument", id="argument"),
        pytest.param({"type": "GaussianBlur", "sigma_limit": "x"}, "refuses", id="value"),
    ],
)
def test_wrong_transforms_are_refused(transform, message):
    with pytest.raises(PodiumError, match=message):
        Albu([transform])


def test_floats_are_refused():
    with pytest.raises(PodiumError, match="uint8, but got float32"):
        Albu([FLIP])(sample(picture().astype(np.float32), [], []))


def seeded_twice(transforms):
    """Return what two wrappers make of six samples, in opposite orders."""
    albus = [Albu(transforms, **albu_lists.BESIDE) for _ in range(2)]
    drawn = []
    for albu, seeds in zip(albus, (range(6), reversed(range(6))), strict=True):
        images = {}
        for seed in seeds:
            np.random.seed(seed)
            after = albu(sample(picture(), BOXES, (3, 1)))
            images[seed] = None if after is None else (after["img"], bboxes_of(after))
        drawn.append(images)
    return drawn, albus[0].notes


def check_seeded(drawn):
    for seed, first in drawn[0].items():
        second = drawn[1][seed]
        assert (first is None) == (second is None)
        if first is not None:
            assert all(np.array_equal(one, two) for one, two in zip(first, second, strict=True))


@pytest.mark.parametrize("name", albu_lists.AS_THEY_ARE)
def test_teams_lists_are_built_and_seeded(name):
    drawn, _ = seeded_twice(albu_lists.AS_THEY_ARE[name])
    check_seeded(drawn)


@pytest.mark.parametrize("name", albu_lists.TRANSLATED)
def test_teams_lists_for_version_1_are_translated_with_a_line(name, caplog):
    transforms, said = albu_lists.TRANSLATED[name]
    drawn, notes = seeded_twice(transforms)
    check_seeded(drawn)
    assert any(said in note for note in notes)
    assert any(said in message for message in caplog.messages)


@pytest.mark.parametrize("name", albu_lists.FURTHER)
def test_what_else_was_renamed_or_dropped_is_translated(name):
    transforms, said = albu_lists.FURTHER[name]
    drawn, notes = seeded_twice(transforms)
    check_seeded(drawn)
    assert any(said in note for note in notes)


@pytest.mark.parametrize("name", albu_lists.REFUSED)
def test_what_was_wrong_before_is_refused(name):
    transforms, message = albu_lists.REFUSED[name]
    with pytest.raises(PodiumError, match=message):
        Albu(transforms, **albu_lists.BESIDE)


def test_all_but_three_of_the_lists_that_teams_have_are_built():
    tables = (albu_lists.AS_THEY_ARE, albu_lists.TRANSLATED, albu_lists.REFUSED)
    counts = [len(table) for table in tables]
    assert sum(counts) == 39
    assert counts[0] + counts[1] >= 36


def test_a_flip_of_version_1_turns_in_three_ways():
    ways = [picture()[::v, ::h] for v, h in ((1, -1), (-1, 1), (-1, -1))]
    seen = []
    for seed in range(60):
        image = applied([{"type": "Flip", "p": 1.0}], seed=seed)["img"]
        seen.append(next(i for i, way in enumerate(ways) if np.array_equal(way, image)))
    assert set(seen) == {0, 1, 2}


def test_the_noise_s_variance_is_that_of_version_1():
    # A variance of 100 is a standard deviation of 10 grey levels, which version 2 wants as a share
    # of 255. It cuts off what is behind the point on 8 bits: 9.6 are left of 10.
    grey = np.full((200, 200, 3), 128, np.uint8)
    albu = Albu([{"type": "GaussNoise", "var_limit": (100, 100), "p": 1.0}])
    noise = albu(sample(grey, [], []))["img"].astype(float) - 128
    own = A.Compose([A.GaussNoise(std_range=(10 / 255, 10 / 255), p=1.0)], seed=0)
    assert noise.std() == pytest.approx(
        (own(image=grey)["image"].astype(float) - 128).std(), abs=0.1
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"keymap": {"img": "picture"}}, "keymap must say", id="keymap"),
        pytest.param({"bbox_params": {"label_fields": ["areas"]}}, "'areas'", id="label field"),
        pytest.param({"bbox_params": {"min_size": 3}}, "no 'min_size'", id="bbox params"),
    ],
)
def test_other_arguments_of_mmdetection_s_wrapper_are_refused(arguments, message):
    with pytest.raises(PodiumError, match=message):
        Albu([FLIP], **arguments)


def test_limits_of_bbox_params_hold():
    crop = {"type": "Crop", "x_min": 65, "y_min": 0, "x_max": 80, "y_max": 60}
    kept = [
        len(bboxes_of(applied([crop], bbox_params={"min_visibility": share})))
        for share in (0.2, 0.3)  # 5 of 20 pixels remain
    ]
    assert kept == [1, 0]


def test_another_box_format_is_said_and_changes_nothing(caplog):
    results = applied([FLIP], bbox_params={"type": "BboxParams", "format": "coco"})
    assert bboxes_of(results).tolist() == [[80 - 30, 2, 80 - 1, 40], [80 - 70, 10, 80 - 50, 20]]
    assert "format='coco' is not used" in caplog.messages[0]


def test_only_what_has_lost_its_boxes_is_skipped():
    crop = {"type": "Crop", "x_min": 72, "y_min": 0, "x_max": 80, "y_max": 60}
    assert applied([crop], skip_img_without_anno=True) is None
    assert applied([crop], [], [], [], skip_img_without_anno=True)["img_shape"] == (60, 8)
    padded = applied([crop], update_pad_shape=True)
    assert padded["pad_shape"] == (60, 8)
