from __future__ import annotations

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures.bbox import bbox_overlaps
from torch import nn

from custom.detection.models.init import load_adapted
from custom.detection.models.yolov5.convert import convert_name, convert_state_dict, is_official
from custom.detection.models.yolov5.head import best_claim, decode
from custom.errors import PodiumError
from tests.detection.models.toys import build, losses, model_config, predict, squares

KINDS = ("weight", "bias")
# Bottlenecks of the C3 blocks of the s model, by layer of the official list.
C3_BLOCKS = {2: 1, 4: 2, 6: 3, 8: 1, 13: 1, 17: 1, 20: 1, 23: 1}
# Kernel size and channels of the plain convolutions of the s model.
CONVS = {0: (6, 3, 32), 1: (3, 32, 64), 3: (3, 64, 128), 5: (3, 128, 256), 7: (3, 256, 512)} | {
    10: (1, 512, 256), 14: (1, 256, 128), 18: (3, 128, 128), 21: (3, 256, 256)
}  # fmt: skip
C3_CHANNELS = {2: (64, 64), 4: (128, 128), 6: (256, 256), 8: (512, 512)} | {
    13: (512, 256), 17: (256, 128), 20: (256, 256), 23: (512, 512)
}  # fmt: skip


def test_parameters_are_the_published_ones() -> None:
    model = MODELS.build(model_config("yolov5_s"))
    assert sum(parameter.numel() for parameter in model.parameters()) == 7_235_389


def test_official_state_dict_converts_and_back() -> None:
    official = official_state_dict()
    assert is_official(official)
    learned = [value for name, value in official.items() if is_learned(name)]
    assert sum(value.numel() for value in learned) == 7_235_389
    converted = convert_state_dict(official | {"model.24.anchor_grid": torch.zeros(1)})
    model = MODELS.build(model_config("yolov5_s"))
    model.load_state_dict(converted, strict=True)
    state = model.state_dict()
    assert set(converted) == set(state)
    back = {ours: theirs for theirs, ours in zip(official, converted, strict=True)}
    assert all(torch.equal(state[ours], official[theirs]) for ours, theirs in back.items())
    assert not is_official(state)


@pytest.mark.parametrize(
    ("official", "ours"),
    [
        ("model.0.conv.weight", "backbone.stem.conv.weight"),
        ("model.1.bn.running_var", "backbone.stage1.0.bn.running_var"),
        ("model.2.cv1.bn.bias", "backbone.stage1.1.main_conv.bn.bias"),  # to the bottlenecks
        ("model.2.cv2.bn.bias", "backbone.stage1.1.short_conv.bn.bias"),  # around them
        ("model.2.cv3.bn.bias", "backbone.stage1.1.final_conv.bn.bias"),
        ("model.6.m.2.cv2.conv.weight", "backbone.stage3.1.blocks.2.conv2.conv.weight"),
        ("model.9.cv2.conv.weight", "backbone.stage4.2.conv2.conv.weight"),
        ("model.14.conv.weight", "neck.reduce_layers.1.conv.weight"),
        ("model.17.m.0.cv1.conv.weight", "neck.top_down_blocks.1.blocks.0.conv1.conv.weight"),
        ("model.21.bn.weight", "neck.downsamples.1.bn.weight"),
        ("model.23.cv1.conv.weight", "neck.bottom_up_blocks.1.main_conv.conv.weight"),
        ("module.model.24.m.2.bias", "bbox_head.convs.2.bias"),
        ("model.24.anchors", "bbox_head.anchors"),
    ],
)
def test_official_names_in_our_terms(official, ours) -> None:
    assert convert_name(official) == ours


@pytest.mark.parametrize("name", ["model.25.conv.weight", "model.11.conv.weight", "head.weight"])
def test_other_models_are_refused(name) -> None:
    with pytest.raises(PodiumError, match="official YOLOv5"):
        convert_state_dict({name: torch.zeros(1)})


def test_official_weights_keep_their_box_rows_for_other_classes(tmp_path) -> None:
    official = official_state_dict()
    torch.save(official, tmp_path / "yolov5s-state.pth")
    model = MODELS.build(model_config("yolov5_s", num_classes=2))
    report = load_adapted(model, tmp_path / "yolov5s-state.pth", ("cell", "crate"))
    assert set(report.adapted) == {f"bbox_head.convs.{i}.{k}" for i in range(3) for k in KINDS}
    assert report.fresh == report.missing == report.unexpected == ()
    ours = model.bbox_head.convs[0].bias.detach().view(3, 5 + 2)
    theirs = official["model.24.m.0.bias"].view(3, 5 + 80)
    assert torch.equal(ours[:, :5], theirs[:, :5])
    assert not torch.isin(ours[:, 5:], theirs).any(), "the classes stay fresh"


def test_decoding_reaches_half_a_cell_beyond_and_four_anchors() -> None:
    anchors = torch.tensor([3.0, 5.0])
    middle, least, most = (decode(torch.full((4,), x), anchors) for x in (0.0, -50.0, 50.0))
    torch.testing.assert_close(middle, torch.tensor([0.5, 0.5, 3.0, 5.0]))
    torch.testing.assert_close(least, torch.tensor([-0.5, -0.5, 0.0, 0.0]))
    torch.testing.assert_close(most, torch.tensor([1.5, 1.5, 12.0, 20.0]))


def test_the_best_claim_to_a_cell_stands() -> None:
    cells = (torch.tensor([0, 0, 1]), torch.tensor([1, 1, 0]))
    claimed = best_claim(torch.zeros(2, 2), cells, torch.tensor([0.9, 0.3, 0.5]))
    torch.testing.assert_close(claimed, torch.tensor([[0.0, 0.9], [0.5, 0.0]]))


def test_prior_of_few_objects() -> None:
    head = build(model_config("yolov5_s", num_classes=10)).bbox_head
    logits = head([torch.zeros(1, channels, 2, 2) for channels in (128, 256, 512)])[0][0]
    expected = 8 / (640 / 8) ** 2  # objects a cell at stride 8
    assert logits[..., 4].sigmoid().mean().item() == pytest.approx(expected, rel=0.1)


def test_images_without_boxes_teach_objectness_only() -> None:
    detector = build(tiny_config())
    batch = squares(64)
    for sample in batch["data_samples"]:
        sample.gt_instances = sample.gt_instances[:0]
    found = losses(detector, batch)
    assert found["loss_bbox"] == found["loss_cls"] == 0
    assert found["loss_obj"] > 0
    found["loss"].backward()


def test_rescaling_to_the_original_image() -> None:
    detector, batch = build(tiny_config()), squares(64)
    detector.bbox_head.test_cfg.score_thr = 0.0
    plain = predict(detector, batch)[0].bboxes
    batch = squares(64)
    for sample in batch["data_samples"]:
        sample.set_metainfo({"scale_factor": (0.5, 0.25), "ori_shape": (256, 128)})
    scaled = predict(detector, batch)[0].bboxes
    assert len(plain) == 100
    torch.testing.assert_close(scaled, plain * torch.tensor([2.0, 4.0, 2.0, 4.0]))


def test_it_learns_two_images_by_heart() -> None:
    detector = build(tiny_config())
    for module in detector.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.3  # so that the statistics follow within these few steps
    optimizer = torch.optim.AdamW(detector.parameters(), lr=4e-3)
    history = []
    for _ in range(60):
        found = losses(detector.train(), squares())
        optimizer.zero_grad()
        found["loss"].backward()
        optimizer.step()
        history.append(found["loss"].item())
    assert history[-1] < history[0] / 4
    batch = squares()
    for result, sample in zip(predict(detector, batch), batch["data_samples"], strict=True):
        best = [result[result.labels == label][0] for label in (0, 1)]  # sorted by score
        overlaps = bbox_overlaps(
            torch.cat([each.bboxes for each in best]),
            sample.gt_instances.bboxes,
            is_aligned=True,
        )
        assert overlaps.min() > 0.6
        assert torch.cat([each.scores for each in best]).min() > 0.3


def tiny_config():
    """A quarter of the width of s, two classes."""
    config = model_config("yolov5_s", num_classes=2)
    config.backbone.width = 0.125
    config.neck.in_channels = config.bbox_head.in_channels = [32, 64, 128]
    return config


def is_learned(name: str) -> bool:
    return not name.endswith(("running_mean", "running_var", "num_batches_tracked", "anchors"))


def official_state_dict() -> dict[str, torch.Tensor]:
    """Return random tensors with the names and shapes of the official s model."""
    state: dict[str, torch.Tensor] = {}
    for layer in range(24):
        prefix = f"model.{layer}"
        if layer in CONVS:
            state |= conv_bn(prefix, *CONVS[layer])
        elif layer in C3_CHANNELS:
            before, after = C3_CHANNELS[layer]
            half = after // 2
            state |= conv_bn(f"{prefix}.cv1", 1, before, half)
            state |= conv_bn(f"{prefix}.cv2", 1, before, half)
            state |= conv_bn(f"{prefix}.cv3", 1, after, after)
            for block in range(C3_BLOCKS[layer]):
                state |= conv_bn(f"{prefix}.m.{block}.cv1", 1, half, half)
                state |= conv_bn(f"{prefix}.m.{block}.cv2", 3, half, half)
        elif layer == 9:
            state |= conv_bn(f"{prefix}.cv1", 1, 512, 256)
            state |= conv_bn(f"{prefix}.cv2", 1, 1024, 512)
    state["model.24.anchors"] = torch.rand(3, 3, 2)
    for level, channels in enumerate((128, 256, 512)):
        state[f"model.24.m.{level}.weight"] = torch.randn(255, channels, 1, 1)
        state[f"model.24.m.{level}.bias"] = torch.randn(255)
    return state


def conv_bn(prefix: str, size: int, before: int, after: int) -> dict[str, torch.Tensor]:
    names = ("weight", "bias", "running_mean", "running_var")
    return {
        f"{prefix}.conv.weight": torch.randn(after, before, size, size),
        **{f"{prefix}.bn.{name}": torch.rand(after) for name in names},
        f"{prefix}.bn.num_batches_tracked": torch.tensor(5),
    }
