import pytest
import torch
from mmdet.models.backbones.res2net import Bottle2neck
from mmdet.registry import MODELS
from mmengine.registry import init_default_scope

import custom.detection  # noqa: F401


@pytest.fixture
def backbone():
    init_default_scope("mmdet")
    config = {"type": "ZeroInitRes2Net", "depth": 50, "scales": 4, "base_width": 4}
    torch.manual_seed(0)
    return MODELS.build(config)


def blocks(backbone):
    return [module for module in backbone.modules() if isinstance(module, Bottle2neck)]


def test_blocks_begin_as_the_identity(backbone):
    backbone.init_weights()
    assert len(blocks(backbone)) == 16
    assert all(not block.norm3.weight.any() for block in blocks(backbone))
    assert all(block.norm1.weight.all() for block in blocks(backbone))
    features = torch.rand(1, 256, 8, 8)
    torch.testing.assert_close(backbone.layer1[1](features), features)


def test_what_was_learned_stays(backbone):
    backbone.init_weights()
    torch.nn.init.ones_(blocks(backbone)[0].norm3.weight)
    backbone.init_weights()
    assert blocks(backbone)[0].norm3.weight.all()


def test_loaded_weights_stay(backbone, tmp_path):
    torch.save({"state_dict": backbone.state_dict()}, tmp_path / "weights.pth")
    backbone.init_cfg = {"type": "Pretrained", "checkpoint": str(tmp_path / "weights.pth")}
    backbone.init_weights()
    assert all(block.norm3.weight.all() for block in blocks(backbone))
