import cv2
import numpy as np
import pytest

from custom.detection.transforms.jitter import CameraJitter, enclosed, rotation, turn
from custom.errors import PodiumError
from tests.detection.transforms.conftest import bboxes_of, check_types, picture, sample

ONLY_TURN = {"rotate_prob": 1.0, "blur_prob": 0.0}


def test_a_right_angle_turns_a_box_about_the_centre():
    # Counter-clockwise by 90 degrees about (50, 50): (x, y) goes to (y, 100 - x).
    box = np.array([[10, 20, 30, 60]], np.float32)
    assert enclosed(box, rotation((100, 100), 90)) == pytest.approx(
        np.array([[20, 100 - 30, 60, 100 - 10]])
    )


def test_a_small_angle_encloses_the_turned_corners():
    box = np.array([[40, 40, 60, 60]], np.float32)
    half = 10 * (np.cos(np.radians(5)) + np.sin(np.radians(5)))
    assert enclosed(box, rotation((100, 100), 5)) == pytest.approx(
        np.array([[50 - half, 50 - half, 50 + half, 50 + half]]), rel=1e-5
    )
    assert half / 10 < 1.084  # as the docstring says


@pytest.mark.parametrize("degrees", [-5.0, -1.3, 0.0, 2.0, 5.0])
def test_image_and_boxes_turn_alike(degrees):
    image = np.zeros((120, 160, 3), np.uint8)
    image[30:50, 100:140] = 255
    matrix = rotation((120, 160), degrees)
    box = enclosed(np.array([[100, 30, 140, 50]], np.float32), matrix)[0]
    rows, columns = np.nonzero(turn(image, matrix, 0)[..., 0] > 127)
    seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert seen == pytest.approx(box, abs=1.5)


def test_boxes_that_leave_the_image_go_with_their_labels():
    jitter = CameraJitter(max_degrees=45, min_visible=0.9, **ONLY_TURN)
    gone = 0
    for seed in range(30):
        np.random.seed(seed)
        results = jitter(sample(picture(), [[0, 0, 20, 20], [35, 25, 45, 35]], [7, 8]))
        check_types(results)
        gone += 7 not in results["gt_bboxes_labels"]
        assert 8 in results["gt_bboxes_labels"]
        bboxes = bboxes_of(results)
        assert (bboxes >= 0).all()
        assert (bboxes <= [80, 60, 80, 60]).all()
    assert gone > 10


def test_blur_leaves_the_boxes():
    np.random.seed(0)
    jitter = CameraJitter(rotate_prob=0.0, blur_prob=1.0, sigma=(1.0, 1.0))
    results = jitter(sample(picture(), [[1, 2, 3, 4]], [0]))
    assert np.array_equal(results["img"], cv2.GaussianBlur(picture(), (0, 0), 1.0))
    assert bboxes_of(results).tolist() == [[1, 2, 3, 4]]


def test_images_without_boxes_are_turned():
    np.random.seed(0)
    results = CameraJitter(**ONLY_TURN)(sample(picture(), [], []))
    check_types(results)
    assert not np.array_equal(results["img"], picture())


@pytest.mark.parametrize("kwargs", [{"max_degrees": 50}, {"sigma": (0.0, 1.0)}, {"sigma": (2, 1)}])
def test_wrong_arguments_are_refused(kwargs):
    with pytest.raises(PodiumError, match="must be"):
        CameraJitter(**kwargs)


def test_a_right_angle_moves_whole_pixels():
    square = picture(40, 40)
    assert np.array_equal(turn(square, rotation((40, 40), 90), 0), np.rot90(square))
