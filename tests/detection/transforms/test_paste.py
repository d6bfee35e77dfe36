import numpy as np
import pytest

from custom.detection.transforms.paste import (
    RareClassPaste,
    cut,
    faded_in,
    free_place,
    rare_classes,
)
from custom.errors import PodiumError
from tests.detection.transforms.conftest import Source, bboxes_of, check_types, picture, sample


def test_rare_classes_and_their_weights():
    # Ten boxes of class 0, two of class 1, one of class 3, none of class 2.
    labels = [np.array([0] * 5), np.array([0] * 5 + [1]), np.array([1, 3])]
    images_of, weights = rare_classes(labels, 0.25)
    assert {label: images.tolist() for label, images in images_of.items()} == {1: [1, 2], 3: [2]}
    assert weights == pytest.approx([(1 / 2) / (3 / 2), 1 / (3 / 2)])


def test_no_rare_class_is_no_paste():
    source = Source(sample(picture(), [[0, 0, 9, 9]], [0]))
    results = sample(picture(), [], [], sample_source=source)
    after = RareClassPaste(prob=1.0, rare_share=0.5)(results)
    assert np.array_equal(after["img"], picture())


@pytest.mark.parametrize(
    ("bbox", "expected"),
    [
        pytest.param([1, 2, 4, 6], (slice(2, 6), slice(1, 4)), id="whole pixels"),
        pytest.param([1.5, 2.5, 3.5, 5.5], (slice(2, 6), slice(1, 4)), id="touched pixels"),
        pytest.param([5.2, 5.2, 5.3, 5.3], (slice(5, 6), slice(5, 6)), id="thin"),
        pytest.param([70, 50, 95, 75], (slice(50, 60), slice(70, 80)), id="beyond the edge"),
    ],
)
def test_cut(bbox, expected):
    assert np.array_equal(cut(picture(), np.array(bbox, np.float32)), picture()[expected])


def test_a_free_place_covers_little():
    rng = np.random.default_rng(0)
    there = np.array([[0, 0, 50, 60]], np.float32)
    for _ in range(50):
        place = free_place(there, (60, 80), (20, 20), 0.0, rng, tries=200)
        assert place is not None
        assert 50 <= place[0] <= 60
        assert 0 <= place[1] <= 40


def test_a_small_box_is_not_buried():
    small = np.array([[30, 30, 32, 32]], np.float32)
    assert free_place(small, (60, 60), (60, 60), 0.5, np.random.default_rng(0)) is None


def test_a_patch_too_large_has_no_place():
    none = np.zeros((0, 4), np.float32)
    assert free_place(none, (60, 80), (61, 10), 1.0, np.random.default_rng(0)) is None


def test_the_middle_is_the_patch_and_its_edge_fades():
    image, patch = np.zeros((60, 80, 3), np.uint8), np.full((30, 40, 3), 200, np.uint8)
    pasted = faded_in(image, patch, (10, 20))
    assert (pasted[23:47, 13:47] == 200).all()
    # The edge is a tenth of 30 wide: a third of the way in on the first pixel.
    assert pasted[35, 10].tolist() == [round(200 / 3)] * 3
    assert pasted[:20].sum() == pasted[50:].sum() == pasted[:, :10].sum() == 0


def pasted(seed, **kwargs):
    rare = sample(picture(60, 80, seed=1), [[10, 10, 30, 25], [40, 40, 50, 50]], [5, 0])
    common = sample(picture(60, 80, seed=2), [[0, 0, 9, 9]] * 9, [0] * 9)
    results = sample(picture(), [[60, 40, 80, 60]], [0], sample_source=Source(rare, common))
    np.random.seed(seed)
    return RareClassPaste(prob=1.0, rare_share=0.2, **kwargs)(results)


def test_pasted_boxes_are_there_and_labelled():
    for seed in range(20):
        results = pasted(seed, max_pastes=1)
        check_types(results)
        bboxes, labels = bboxes_of(results), results["gt_bboxes_labels"].tolist()
        assert bboxes[0].tolist() == [60, 40, 80, 60]
        assert labels == [0, 5]
        x1, y1, x2, y2 = bboxes[1].astype(int)
        # 20 x 15 pixels, by a factor of 0.7 to 1.3
        assert 14 <= x2 - x1 <= 26
        assert 10 <= y2 - y1 <= 20
        changed = np.nonzero((results["img"] != picture()).any(axis=2))
        assert changed[0].min() >= y1
        assert changed[0].max() < y2
        assert changed[1].min() >= x1
        assert changed[1].max() < x2


def test_the_sample_s_seed_decides():
    assert np.array_equal(pasted(3)["img"], pasted(3)["img"])
    assert not np.array_equal(pasted(3)["img"], pasted(4)["img"])


@pytest.mark.parametrize("kwargs", [{"max_pastes": 0}, {"rare_share": 0}, {"scale": (2, 1)}])
def test_wrong_arguments_are_refused(kwargs):
    with pytest.raises(PodiumError, match="must be at least"):
        RareClassPaste(**kwargs)
