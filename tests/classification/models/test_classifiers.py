import copy

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from custom.classification.models.classifiers import labelled, widened
from custom.errors import PodiumError
from custom.testing.toy_labels import toy_model_of


def build(model):
    torch.manual_seed(0)
    return MODELS.build(copy.deepcopy(model)).eval()


def sample(*bboxes):
    instances = InstanceData(bboxes=torch.tensor(bboxes).float().reshape(-1, 4))
    instances.given_bboxes = instances.bboxes.double()
    instances.targets = torch.zeros(len(instances.bboxes), 2)
    return DetDataSample(gt_instances=instances)


def test_boxes_grow_by_shares_of_their_own_sides():
    boxes = torch.tensor([[100.0, 50, 120, 90]])  # 20 wide, 40 high
    grown = widened(boxes, left=1.0, right=0.5, up=0.2, down=1.5)
    assert grown.tolist() == [[100 - 20, 50 - 8, 120 + 10, 90 + 60]]
    assert widened(torch.zeros(0, 4), 1, 1, 1, 1).shape == (0, 4)


def test_each_box_has_each_class_in_order():
    boxes = torch.tensor([[0.0, 0, 1, 1], [2, 2, 3, 3]])
    found = labelled(boxes, torch.tensor([[0.1, 0.9], [0.6, 0.4]]))
    assert found.labels.tolist() == [0, 1, 0, 1]
    torch.testing.assert_close(found.scores, torch.tensor([0.1, 0.9, 0.6, 0.4]))
    assert found.bboxes[:, 0].tolist() == [0, 0, 2, 2]


def test_a_region_is_judged_by_what_is_within_it():
    model = build(toy_model_of("region"))
    plain = torch.zeros(1, 3, 256, 256)
    marked = plain.clone()
    marked[..., 192:, 192:] = 3
    boxes = [sample([4, 4, 20, 20], [200, 200, 250, 250])]
    with torch.no_grad():
        change = (model(plain, boxes) - model(marked, boxes)).abs().amax(dim=1)
        assert model.backbone.feature_map(plain).shape == (1, 48, 32, 32)  # and no stage behind it
    assert change[0] == 0 < change[1]


def test_images_without_regions_are_part_of_a_batch():
    model = build(toy_model_of("region"))
    samples = [sample(), sample([4, 4, 20, 20])]
    with torch.no_grad():
        found = model(torch.zeros(2, 3, 96, 96), samples, mode="predict")
        empty = model(torch.zeros(1, 3, 96, 96), [sample()], mode="loss")
    assert [len(each.pred_instances) for each in found] == [0, 2]
    assert empty["loss_cls"].item() == 0


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"backbone": {"type": "TimmBackbone", "name": "resnet_of_mine"}}, "model of timm.*resnet"),
        ({"backbone": {"type": "TimmBackbone", "name": "test_resnet"}}, "needs map_index"),
        (
            {"backbone": {"type": "TimmBackbone", "name": "test_resnet", "options": {"depths": 3}}},
            "cannot be built with",
        ),
        ({"backbone": {"type": "TimmBackbone", "name": "test_vit", "small_stem": 3}}, "ResNets"),
        ({"widen": {"top": 1.0}}, "widen must have shares.*up.*top=1.0"),
        ({"head": {"type": "ClassHead", "num_classes": 2, "dropout": 1.5}}, "dropout.*is 1.5"),
    ],
)
def test_what_cannot_be_built_is_said(changes, match):
    with pytest.raises(PodiumError, match=match):
        build({**toy_model_of("region"), **changes})
