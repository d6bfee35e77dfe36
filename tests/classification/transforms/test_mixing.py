import numpy as np
import pytest
from mmdet.structures.bbox import HorizontalBoxes

from custom.classification.transforms import LabelCutMix, LabelMixup, RandomPerspective
from custom.classification.transforms.mixing import mixed_targets
from custom.classification.transforms.perspective import projected
from custom.errors import PodiumError
from custom.training.seeding.generators import seeded


class Source:
    """Draws a white image of another size, whose first class is certain and second unknown."""

    def draw(self):
        white = np.full((8, 16, 3), 255, np.uint8)
        return {"img": white, "region_targets": np.array([[1.0, -1.0, 0.0]])}


def sample(**more):
    image = np.zeros((20, 20, 3), np.uint8)
    targets = np.array([[0.0, 1.0, 1.0]])
    given = {"img": image, "region_targets": targets, "whole_image": True}
    return {**given, "sample_source": Source(), **more}


def test_targets_are_mixed_by_shares_and_unknown_where_either_is():
    mixed = mixed_targets(np.array([[0.0, 1.0, -1.0]]), np.array([[1.0, -1.0, 1.0]]), 0.25)
    assert mixed.tolist() == [[0.75, -1.0, -1.0]]


@pytest.mark.parametrize("kind", [LabelMixup, LabelCutMix])
def test_labels_follow_what_is_seen(kind):
    for seed in range(5):
        with seeded(seed):
            found = kind(prob=1.0, alpha=1.0)(sample())
        white = found["img"].mean() / 255  # the share of the partner
        assert 0 < white < 1
        expected = [[white, -1.0, 1 - white]]
        np.testing.assert_allclose(found["region_targets"], expected, atol=0.005)


@pytest.mark.parametrize("kind", [LabelMixup, LabelCutMix])
def test_mixing_follows_the_seed_alone(kind):
    images = []
    for seed in (1, 1, 2):
        with seeded(seed):
            images.append(kind(prob=1.0, alpha=1.0)(sample())["img"])
    assert np.array_equal(images[0], images[1])
    assert not np.array_equal(images[0], images[2])


@pytest.mark.parametrize("kind", [LabelMixup, LabelCutMix])
def test_regions_are_not_mixed(kind):
    with pytest.raises(PodiumError, match="whole images, not regions"):
        kind()(sample(whole_image=False))
    with pytest.raises(PodiumError, match="alpha above 0"):
        kind(alpha=0)


def test_a_perspective_moves_boxes_with_what_is_in_them():
    image = np.zeros((100, 100, 3), np.uint8)
    image[40:60, 30:50] = 255
    results = {
        "img": image, "img_shape": (100, 100),
        "gt_bboxes": HorizontalBoxes(np.array([[30, 40, 50, 60]], np.float32)),
        "gt_bboxes_labels": np.zeros(1, np.int64), "gt_ignore_flags": np.zeros(1, bool),
    }  # fmt: skip
    with seeded(3):
        moved = RandomPerspective(prob=1.0, scale=0.1, pad_val=0)(results)
    rows, columns = np.nonzero(moved["img"][:, :, 0] > 127)
    seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    box = moved["gt_bboxes"].numpy()[0]
    assert np.abs(box - [30, 40, 50, 60]).max() > 1
    np.testing.assert_allclose(box, seen, atol=1.5)


def test_projected_boxes_enclose_their_moved_corners():
    double = np.diag([2.0, 3.0, 1.0])
    assert projected(np.array([[1.0, 1, 2, 2]]), double).tolist() == [[2, 3, 4, 6]]
    assert projected(np.zeros((0, 4)), double).shape == (0, 4)
