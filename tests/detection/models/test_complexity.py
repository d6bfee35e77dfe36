from __future__ import annotations

import copy

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from torch.utils.flop_counter import FlopCounterMode

from custom.detection.models.complexity import Complexity, measure, plain_convolutions
from custom.detection.models.pyramid_conv import LevelConv
from tests.detection.models.toys import CONFIGS, build, model_config


def test_deformable_convolutions_count_as_plain_ones() -> None:
    conv = LevelConv(4, 5, deform=True).to("meta")
    counter = FlopCounterMode(display=False)
    with plain_convolutions(), counter:
        conv(torch.empty(1, 4, 8, 6, device="meta"), level=1)
    cells, taps = 8 * 6, 4 * 3 * 3
    assert counter.get_total_flops() == 2 * cells * taps * (5 + 2 * 3 * 3)  # result and offsets


@pytest.mark.parametrize("base", ["yolox_nano", "universenet_nano"])
def test_cost_grows_with_the_area(base) -> None:
    small, large = (measure(model_config(base), size) for size in (256, 512))
    assert small.parameters == large.parameters
    assert large.gflops == pytest.approx(4 * small.gflops, rel=0.01)


def test_the_transformer_of_a_detr_is_scaled_exactly() -> None:
    model = model_config("dino")
    model.backbone.init_cfg = None
    model.num_queries = 20
    model.encoder.num_layers = model.decoder.num_layers = 1
    scaled = measure(copy.deepcopy(model), 192).gflops  # building one changes its config
    # The same, with the whole detector run for real at this size.
    detector = build(model).eval()
    shapes = {"img_shape": (192, 192), "batch_input_shape": (192, 192)}
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        features = detector.extract_feat(torch.zeros(1, 3, 192, 192))
        hidden = detector.forward_transformer(features, [DetDataSample(metainfo=shapes)])
        detector.bbox_head(hidden["hidden_states"], hidden["references"])
    assert scaled == pytest.approx(counter.get_total_flops() / 1e9, rel=1e-9)


def test_second_stages_count_for_their_proposals() -> None:
    few, many = (cascade(proposals) for proposals in (10, 1000))
    # A stage: two layers on 7 x 7 x 256 and 1024 inputs, then 81 classes and 4 sides.
    stage = 2 * (7 * 7 * 256 * 1024 + 1024 * 1024 + 1024 * (81 + 4)) / 1e9
    assert many.gflops - few.gflops == pytest.approx(3 * 990 * stage)


def cascade(proposals: int) -> Complexity:
    model = Config.fromfile(CONFIGS / "_base_/models/cascade_swin_t.py").model
    model.backbone.init_cfg = None
    model.backbone.depths = [1, 1, 1, 1]
    model.test_cfg.rpn.max_per_img = proposals
    return measure(model, 64)
