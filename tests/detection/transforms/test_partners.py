import numpy as np
import pytest

from custom.detection.transforms.partners import SeededMosaic, WithPartners
from custom.errors import PodiumError
from tests.detection.transforms.conftest import Source, bboxes_of, check_types, picture, sample


def with_source(**kwargs):
    others = [sample(picture(60, 80, seed=i), [[5, 5, 40, 40]], [i]) for i in range(1, 4)]
    return sample(picture(), [[1, 2, 30, 40]], [0], sample_source=Source(*others), **kwargs)


def test_a_mosaic_holds_four_images_on_twice_the_size():
    np.random.seed(0)
    results = SeededMosaic(img_scale=(80, 60), prob=1.0)(with_source())
    assert results["img"].shape == (120, 160, 3)
    assert "mix_results" not in results
    bboxes = bboxes_of(results)
    assert (bboxes >= 0).all()
    assert (bboxes <= [160, 120, 160, 120]).all()
    assert len(bboxes) == len(results["gt_bboxes_labels"]) == len(results["gt_ignore_flags"]) >= 2


@pytest.mark.parametrize(
    "transform",
    [
        pytest.param({"type": "Mosaic", "img_scale": (80, 60)}, id="Mosaic"),
        pytest.param({"type": "MixUp", "img_scale": (80, 60), "ratio_range": (1, 1)}, id="MixUp"),
    ],
)
def test_mmdet_s_mixing_transforms_follow_the_sample_s_seed(transform):
    import random

    def run(seed):
        np.random.seed(seed), random.seed(seed)
        return WithPartners(transform)(with_source())

    assert np.array_equal(run(1)["img"], run(1)["img"])
    assert not np.array_equal(run(1)["img"], run(2)["img"])
    assert len(run(1)["gt_bboxes"]) >= 1


def test_without_luck_nothing_happens():
    transform = {"type": "Mosaic", "img_scale": (80, 60)}
    results = WithPartners(transform, prob=0.0)(sample(picture(), [[1, 2, 3, 4]], [0]))
    assert np.array_equal(results["img"], picture())
    check_types(results)


def test_other_transforms_are_refused():
    with pytest.raises(PodiumError, match="must be one of Mosaic, MixUp, CopyPaste"):
        WithPartners({"type": "Resize", "scale": (1, 1)})
