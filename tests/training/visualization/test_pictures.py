from __future__ import annotations

import cv2
import numpy as np
import pytest

from custom.errors import PodiumError
from custom.training.visualization.pictures import FOUND, TRUTH, choose_images, draw, make_picture
from custom.training.visualization.wandb_backend import overlays
from tests.evaluation.cases import make_gt, make_predictions


def test_the_choice_depends_on_split_and_names_alone() -> None:
    gt = make_gt([(i, 0, 0, 0, 9, 9) for i in range(40) if i % 2], 40)
    chosen = choose_images(gt, "split", 5)
    assert len(set(chosen.tolist())) == 5
    assert all(gt.images.index_of_id[i] % 2 for i in chosen.tolist())  # only those with boxes
    assert choose_images(gt, "other split", 5).tolist() != chosen.tolist()
    # In another order, and without some of the images that were not chosen.
    rest = [i for i in range(40) if gt.images.ids[i] not in chosen]
    part = gt.take([i for i in reversed(range(40)) if i not in rest[:10]])
    assert choose_images(part, "split", 5).tolist() == chosen.tolist()


def test_a_fold_with_fewer_images_gives_them_all() -> None:
    gt = make_gt([(0, 0, 0, 0, 9, 9)], 3)
    assert choose_images(gt, "split", 5).tolist() == [gt.images.ids[0]]


@pytest.fixture
def picture(tmp_path):
    gt = make_gt([(0, 0, 200, 100, 400, 300), (0, 1, 0, 0, 9, 9)], 1, 2, crowds=[False, True])
    rows = [(0, 1, 0.2, 0, 0, 100, 100), (0, 0, 0.9, 600, 300, 800, 400), (0, 0, 0.01, 0, 0, 5, 5)]
    (name,) = gt.images.file_names
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    image = np.zeros((640, 1280, 3), np.uint8)
    image[..., 0] = 255  # blue, as OpenCV writes it
    cv2.imwrite(str(tmp_path / name), image)
    image_id = int(gt.images.ids[0])
    return make_picture(gt, make_predictions(rows, 1), image_id, tmp_path)


def test_a_large_image_and_its_boxes_are_halved(picture) -> None:
    assert picture.image.shape == (320, 640, 3)
    assert picture.image[0, 0, 2] > 200  # RGB now
    assert picture.gt_bboxes.tolist() == [[100, 50, 200, 150]]  # without the crowd
    assert picture.scores.tolist() == [0.9, 0.2, 0.01]
    assert picture.bboxes[0].tolist() == [300, 150, 400, 200]


def test_truth_is_left_and_what_was_found_is_right(picture) -> None:
    drawn = draw(picture, score_thr=0.3)
    assert drawn.shape == (320, 1280, 3)
    left, right = drawn[:, :640], drawn[:, 640:]
    assert left[100, 100].tolist() == list(TRUTH)
    assert right[175, 300].tolist() == list(FOUND)
    assert (right[:50, :50] == picture.image[:50, :50]).all()  # .2 is below .3
    assert not (draw(picture, score_thr=0.1)[:60, 640:700] == picture.image[:60, :60]).all()


def test_overlays_have_every_box_worth_seeing(picture) -> None:
    boxes = overlays(picture)
    (truth,) = boxes["ground_truth"]["box_data"]
    assert truth["position"] == {"minX": 100, "minY": 50, "maxX": 200, "maxY": 150}
    found = boxes["predictions"]["box_data"]
    assert [each["scores"]["score"] for each in found] == [0.9, 0.2]
    assert found[0]["box_caption"] == f"{picture.classes[0]} 0.90"


def test_an_unreadable_image_is_named(tmp_path) -> None:
    gt = make_gt([(0, 0, 0, 0, 9, 9)], 1)
    with pytest.raises(PodiumError, match="cannot read the image"):
        make_picture(gt, make_predictions([], 1), int(gt.images.ids[0]), tmp_path)
