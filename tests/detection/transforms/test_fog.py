import numpy as np
import pytest

from custom.detection.transforms.fog import KINDS, RandomFog, add_fog, clouds, fog_colour, fog_depth
from custom.errors import PodiumError
from tests.detection.transforms.conftest import bboxes_of, check_types, picture, sample


def test_fog_mixes_image_and_colour_by_depth():
    image = np.full((40, 50, 3), 100, np.uint8)
    depth = np.full((4, 5), 0.25, np.float32)
    fogged = add_fog(image, depth, (200.0, 220.0, 240.0))
    expected = [0.75 * 100 + 0.25 * c for c in (200, 220, 240)]
    assert np.abs(fogged.astype(float) - expected).max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_both_image_types_give_the_same_fog(kind):
    image, rng = picture(64, 96), np.random.default_rng(0)
    depth = fog_depth((64, 96), 0.8, kind, rng)
    as_bytes = add_fog(image, depth, (210.0, 215.0, 220.0))
    as_floats = add_fog(image.astype(np.float32), depth, (210.0, 215.0, 220.0))
    assert as_bytes.dtype == np.uint8
    assert as_floats.dtype == np.float32
    assert np.abs(as_bytes - as_floats).max() <= 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape_hw", [(64, 64), (30, 200), (500, 20), (3, 3)])
def test_depth_is_smooth_and_within_its_range(kind, shape_hw):
    depth = fog_depth(shape_hw, 0.7, kind, np.random.default_rng(1))
    assert depth.dtype == np.float32
    assert max(depth.shape) == 96
    assert 0 <= depth.min() < depth.max() <= 1 - (1 - 0.7) ** 1.2 + 1e-6
    assert np.abs(np.diff(depth, axis=0)).max(initial=0) < 0.2
    assert np.abs(np.diff(depth, axis=1)).max(initial=0) < 0.2


def test_distance_fog_is_thicker_towards_the_top():
    rng = np.random.default_rng(0)
    depths = [fog_depth((64, 64), 0.6, "distance", rng) for _ in range(20)]
    for depth in depths:
        assert depth[:24].mean() > depth[-24:].mean() + 0.1


def test_patchy_fog_has_no_preferred_side():
    rng = np.random.default_rng(0)
    depths = [fog_depth((64, 64), 0.6, "patchy", rng) for _ in range(200)]
    gap = np.mean([depth[:32].mean() - depth[32:].mean() for depth in depths])
    assert abs(gap) < 0.05
    assert np.mean([depth.std() for depth in depths]) > 0.08


def test_more_intensity_is_thicker_and_none_is_clear():
    means = [
        fog_depth((64, 64), intensity, "patchy", np.random.default_rng(3)).mean()
        for intensity in (0.0, 0.3, 0.6, 1.0)
    ]
    assert means[0] == 0
    assert means == sorted(means)


def test_the_fog_is_grey_between_blue_and_yellow():
    rng = np.random.default_rng(0)
    colours = np.array([fog_colour(rng) for _ in range(200)])
    assert colours[:, [0, 2]].mean(axis=1) == pytest.approx(colours[:, 1])
    assert 4 < np.abs(colours[:, 0] - colours[:, 1]).max() <= 6
    assert 185 < colours.min() < colours.max() < 245


def test_patches_have_no_edge():
    # Cut off at its ends, the depth had flat places; now neighbours are rarely alike.
    depth = fog_depth((96, 96), 0.6, "patchy", np.random.default_rng(0))
    assert (np.diff(depth, axis=1) == 0).mean() < 0.01


def test_clouds_fill_their_range():
    noise = clouds((40, 60), np.random.default_rng(0))
    assert (noise.min(), noise.max()) == (0, 1)


def test_boxes_and_input_stay():
    image = picture()
    results = sample(image.copy(), [[1, 2, 30, 40.5]], [1])
    before = results["img"]
    np.random.seed(0)
    after = RandomFog(prob=1.0, intensity=(0.5, 0.5))(results)
    assert np.array_equal(before, image)
    assert not np.array_equal(after["img"], image)
    assert bboxes_of(after).tolist() == [[1, 2, 30, 40.5]]
    check_types(after)


def test_the_sample_s_seed_decides_and_prob_is_met():
    fog = RandomFog(prob=0.3)
    foggy = []
    for seed in range(200):
        np.random.seed(seed)
        one = fog(sample(picture(), [], []))["img"]
        np.random.seed(seed)
        assert np.array_equal(one, fog(sample(picture(), [], []))["img"])
        foggy.append(not np.array_equal(one, picture()))
    assert 0.2 < np.mean(foggy) < 0.4


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"intensity": (0.5, 0.3)}, r"intensity must be a range .*\(0.5, 0.3\)"),
        ({"intensity": (0.5, 1.3)}, "intensity"),
        ({"kind": "thick"}, "kind must be one of distance, patchy, any, but is 'thick'"),
    ],
)
def test_wrong_arguments_are_refused(kwargs, message):
    with pytest.raises(PodiumError, match=message):
        RandomFog(**kwargs)


def test_an_image_after_normalisation_is_refused():
    with pytest.raises(PodiumError, match="before normalisation"):
        add_fog(np.zeros((4, 4, 3), np.float64), np.zeros((2, 2), np.float32), (1.0, 1.0, 1.0))
