import numpy as np
import pytest

from custom.detection.transforms.mixup import Mixup, blend
from custom.errors import PodiumError
from tests.detection.transforms.conftest import Source, bboxes_of, check_types, picture, sample


def flat(height, width, value):
    return np.full((height, width, 3), value, np.uint8)


def test_equal_halves():
    assert blend(flat(4, 6, 100), flat(4, 6, 50), 0.5).tolist() == flat(4, 6, 75).tolist()


def test_the_smaller_image_is_padded():
    blended = blend(flat(4, 6, 100), flat(8, 2, 50), 0.5, pad_val=10)
    assert blended.shape == (8, 6, 3)
    assert (blended[:4, :2] == (100 + 50) / 2).all()
    assert (blended[:4, 2:] == (100 + 10) / 2).all()
    assert (blended[4:, :2] == (10 + 50) / 2).all()
    assert (blended[4:, 2:] == 10).all()


def mixed(seed=0, first=((1, 2, 3, 4),), second=((5, 6, 7, 8), (0, 0, 9, 9)), **kwargs):
    other = sample(picture(70, 40, seed=1), second, [1] * len(second), [True] * len(second))
    results = sample(picture(), first, [0] * len(first), sample_source=Source(other))
    np.random.seed(seed)
    return Mixup(prob=1.0, **kwargs)(results)


def test_boxes_labels_and_flags_of_both_are_kept():
    results = mixed()
    check_types(results)
    assert results["img"].shape == (70, 80, 3)
    assert bboxes_of(results).tolist() == [[1, 2, 3, 4], [5, 6, 7, 8], [0, 0, 9, 9]]
    assert results["gt_bboxes_labels"].tolist() == [0, 1, 1]
    assert results["gt_ignore_flags"].tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [
        pytest.param((), (), 0, id="none"),
        pytest.param((), ((5, 6, 7, 8),), 1, id="only the other"),
        pytest.param(((5, 6, 7, 8),), (), 1, id="only the first"),
    ],
)
def test_images_without_boxes(first, second, count):
    results = mixed(first=first, second=second)
    check_types(results)
    assert len(results["gt_bboxes"]) == count


def test_the_ratio_is_drawn_from_beta():
    ratios = [mixed(seed, beta=8.0)["mixup_ratio"] for seed in range(200)]
    assert len(set(ratios)) == 200
    # Beta(8, 8) has mean 1/2 and variance 1 / (4 * 17).
    assert np.mean(ratios) == pytest.approx(0.5, abs=0.03)
    assert np.var(ratios) == pytest.approx(1 / 68, rel=0.3)


def test_partner_transforms_change_the_other_image_only():
    flip = {"type": "RandomFlip", "prob": 1.0}
    assert bboxes_of(mixed(partner_transforms=[flip])).tolist() == [
        [1, 2, 3, 4],
        [40 - 7, 6, 40 - 5, 8],
        [40 - 9, 0, 40 - 0, 9],
    ]


def test_without_luck_nothing_happens():
    results = sample(picture(), [[1, 2, 3, 4]], [0])
    assert np.array_equal(Mixup(prob=0.0)(results)["img"], picture())


def test_the_image_given_is_not_written_to():
    image = picture()
    other = sample(picture(seed=1), [], [])
    Mixup(prob=1.0)(sample(image, [], [], sample_source=Source(other)))
    assert np.array_equal(image, picture())


@pytest.mark.parametrize("kwargs", [{"ratio": 0.0}, {"ratio": 1.0}, {"beta": 0.0}])
def test_wrong_arguments_are_refused(kwargs):
    with pytest.raises(PodiumError, match="must be"):
        Mixup(**kwargs)


def test_another_data_set_is_refused():
    with pytest.raises(PodiumError, match="needs CompetitionDataset"):
        Mixup(prob=1.0)(sample(picture(), [], []))


def test_masks_are_refused():
    results = sample(picture(), [], [], gt_masks=object())
    results["sample_source"] = Source(sample(picture(), [], []))
    with pytest.raises(PodiumError, match="with_mask=False"):
        Mixup(prob=1.0)(results)
