import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmdet.utils import register_all_modules
from mmengine.config import ConfigDict
from mmengine.dataset import Compose, pseudo_collate
from mmengine.model import BaseModel
from mmengine.structures import InstanceData

from custom.detection.tta import FusedTTA, tta_pipeline
from custom.errors import PodiumError
from custom.testing.toy_config import toy_model

TEST_PIPELINE = [
    {"type": "LoadImageFromNDArray"},
    {"type": "Resize", "scale": (128, 96), "keep_ratio": True},
    {"type": "PackDetInputs", "meta_keys": ("ori_shape", "img_shape", "scale_factor")},
]


@pytest.fixture(autouse=True)
def registered():
    register_all_modules()


def view(bboxes, scores, labels, flip=False):
    sample = DetDataSample(
        metainfo={"ori_shape": (60, 100), "flip": flip, "flip_direction": "horizontal"}
    )
    sample.pred_instances = InstanceData(
        bboxes=torch.tensor(bboxes, dtype=torch.float32).reshape(-1, 4),
        scores=torch.tensor(scores, dtype=torch.float32),
        labels=torch.tensor(labels, dtype=torch.int64),
    )
    return sample


class Detector(BaseModel):
    def forward(self, *args, **kwargs):
        raise NotImplementedError


def merged(*images, **kwargs):
    tta = FusedTTA(module=Detector(), **kwargs)
    return [sample.pred_instances for sample in tta.merge_preds([list(views) for views in images])]


def test_a_mirrored_view_is_mirrored_back_and_fused():
    views = (
        view([[10, 10, 30, 30]], [0.8], [1]),
        view([[100 - 32, 10, 100 - 12, 30]], [0.6], [1], flip=True),
    )
    (found,) = merged(views)
    # The mean of x 10..30 and 12..32, weighted by 0.8 and 0.6; the score is their mean.
    x1 = (0.8 * 10 + 0.6 * 12) / 1.4
    assert found.bboxes.tolist() == [pytest.approx([x1, 10, x1 + 20, 30], abs=1e-4)]
    assert found.scores.tolist() == pytest.approx([0.7])
    assert found.labels.tolist() == [1]


def test_a_silent_view_counts():
    (found,) = merged((view([[10, 10, 30, 30]], [0.8], [1]), view([], [], [])))
    assert found.scores.tolist() == pytest.approx([0.8 / 2])


def test_images_do_not_mix_and_may_be_empty():
    first = (view([[10, 10, 30, 30]], [0.8], [1]),) * 2
    empty = (view([], [], []),) * 2
    found = merged(first, empty, first)
    assert [len(one) for one in found] == [1, 0, 1]
    assert found[1].bboxes.shape == (0, 4)


def test_boxes_beyond_the_image_are_limited_and_without_area_dropped():
    view_of = view([[-3, 10, 30, 65], [40, 5, 40, 9]], [0.8, 0.9], [1, 1])
    (found,) = merged((view_of, view_of))
    assert found.bboxes.tolist() == [pytest.approx([0, 10, 30, 60])]


def test_the_best_boxes_are_kept():
    boxes = [[10, 10, 20, 20], [50, 10, 60, 20], [80, 10, 90, 20]]
    (found,) = merged((view(boxes, [0.3, 0.9, 0.5], [0, 0, 0]),), max_per_img=2)
    assert found.scores.tolist() == pytest.approx([0.9, 0.5])


def test_the_pipeline_gives_every_scale_both_ways():
    results = Compose(tta_pipeline(TEST_PIPELINE))({"img": np.zeros((60, 80, 3), np.uint8)})
    shapes = [(s.img_shape, s.flip) for s in results["data_samples"]]
    assert shapes == [
        ((96, 128), False),
        ((96, 128), True),
        ((120, 160), False),
        ((120, 160), True),
    ]


def test_a_pipeline_without_a_scale_is_refused():
    with pytest.raises(PodiumError, match="one Resize"):
        tta_pipeline([TEST_PIPELINE[0], TEST_PIPELINE[2]])


def test_a_detector_predicts_through_it():
    from mmdet.registry import MODELS

    tta = MODELS.build(ConfigDict(type="FusedTTA", module=toy_model())).eval()
    image = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    data = Compose(tta_pipeline(TEST_PIPELINE))({"img": image})
    (found,) = tta.test_step(pseudo_collate([data]))
    bboxes = found.pred_instances.bboxes
    assert len(bboxes) > 0
    assert bool((bboxes >= 0).all())
    assert bool((bboxes <= torch.tensor([80, 60, 80, 60])).all())
