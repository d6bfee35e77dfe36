import numpy as np
import pytest

from custom.detection.transforms.albu import Albu
from custom.errors import PodiumError
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
        pytest.param({"p": 1.0}, "no transform None", id="no type"),
        pytest.param({"type": "RandomFog", "fog_coef_lower": 0.1}, "no argument", id="argument"),
        pytest.param({"type": "GaussianBlur", "sigma_limit": "x"}, "refuses", id="value"),
    ],
)
def test_wrong_transforms_are_refused(transform, message):
    with pytest.raises(PodiumError, match=message):
        Albu([transform])


def test_floats_are_refused():
    with pytest.raises(PodiumError, match="uint8, but got float32"):
        Albu([FLIP])(sample(picture().astype(np.float32), [], []))
