"""The UniverseNet family equals the published models, entry by entry."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from mmdet.registry import MODELS
from torch import Tensor, nn

from custom.detection.models.init import adapt_state_dict, load_adapted
from custom.errors import PodiumError
from custom.training.configuration import RunOptions, load_config
from tests.detection.models.toys import CONFIGS, model_config

# Parameters and state entries at 80 classes.
PUBLISHED = {
    "universenet101": (57_800_273, 1_324),
    "universenet101_gfl": (57_797_201, 1_294),
    "universenet50_2008": (36_529_767, 628),
    "universenet50": (37_284_252, 683),
}
COUNTERS = ("running_mean", "running_var", "num_batches_tracked", "project")
BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
STD = 0.01


class Layout(NamedTuple):
    """What tells one of the public models from another."""

    backbone: str = "res2net"
    depth: int = 50
    deformed: tuple[int, ...] = (2, 3, 4)  # stages of the backbone
    pconv_deform: bool = True
    ibn: bool = False
    head: str = "gfl"
    padding: int = 1  # of SEPC's last convolutions


LAYOUTS = {
    "universenet101": Layout(depth=101, ibn=True),
    "universenet101_gfl": Layout(depth=101),
    "universenet50_2008": Layout(deformed=(4,), pconv_deform=False, ibn=True),
    "universenet50": Layout(head="atss", padding=0),
}
# The public model files, by the names that they have in the UniverseNet repository.
PUBLIC = {
    "atss_r50_fpn_sepc_noibn": Layout("resnet", deformed=(), head="atss", padding=0),
    "universenet50": LAYOUTS["universenet50"],
    "universenet50_gfl": Layout(),
    "universenet50_2008": LAYOUTS["universenet50_2008"],
    "universenet50_2008d": Layout(ibn=True),
    "universenet50_2008s": Layout("resnet_v1c", deformed=(4,), pconv_deform=False, ibn=True),
    "universenet101_gfl": LAYOUTS["universenet101_gfl"],
    "universenet101_2008d": LAYOUTS["universenet101"],
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_and_entries_are_the_published_ones(name) -> None:
    model = without_memory(name, 80)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    assert (parameters, len(model.state_dict())) == PUBLISHED[name]


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("num_classes", [80, 10])
def test_state_dict_in_the_old_layout_fits(name, num_classes) -> None:
    """The layout is written down below from the old repository, not taken from our model."""
    old = old_state_dict(LAYOUTS[name])
    assert len(old) == PUBLISHED[name][1]
    learned = sum(value.numel() for key, value in old.items() if not key.endswith(COUNTERS))
    assert learned == PUBLISHED[name][0]

    state, report = adapt_state_dict(without_memory(name, num_classes).state_dict(), old)

    assert report.fresh == (() if num_classes == 80 else classifier(name))
    assert report.missing == ()
    assert report.unexpected == ()
    assert set(report.loaded) == set(old) - set(report.fresh)
    assert all(state[key] is old[key] for key in report.loaded)


def test_checkpoint_of_the_old_repository_loads(tmp_path) -> None:
    name = "universenet50_2008"
    old = old_state_dict(LAYOUTS[name])
    old["bbox_head.reg_conf.0.weight"] = old.pop("neck.1.bn_loc.weight")
    file = tmp_path / "old.pth"
    torch.save({"meta": {"epoch": 24, "mmdet_version": "2.3.0"}, "state_dict": old}, file)
    model = MODELS.build(model_config(name, num_classes=10))
    before = {key: model.state_dict()[key].clone() for key in classifier(name)}

    report = load_adapted(model, file)

    after = model.state_dict()
    assert report.missing == ("neck.1.bn_loc.weight",)
    assert report.unexpected == ("bbox_head.reg_conf.0.weight",)
    assert report.fresh == classifier(name)
    assert all(torch.equal(after[key], before[key]) for key in classifier(name))
    assert all(torch.equal(after[key], old[key]) for key in report.loaded)
    assert "missing (1): neck.1.bn_loc.weight" in str(report)


def without_memory(name: str, num_classes: int) -> nn.Module:
    """Build a detector whose parameters have shapes but no values."""
    with torch.device("meta"):
        return MODELS.build(model_config(name, num_classes))


def classifier(name: str) -> tuple[str, str]:
    head = "atss_cls" if name == "universenet50" else "gfl_cls"
    return f"bbox_head.{head}.weight", f"bbox_head.{head}.bias"


def old_state_dict(layout: Layout) -> dict[str, Tensor]:
    """Return a state dict as the original repository saves it."""
    backbone = old_backbone if layout.backbone == "res2net" else old_resnet
    state = backbone(layout)
    for level, channels in enumerate((512, 1024, 2048)):
        state |= conv(f"neck.0.lateral_convs.{level}.conv", 256, channels, 1)
    for level in range(5):
        state |= conv(f"neck.0.fpn_convs.{level}.conv", 256, 256, 3)
    for stack in range(4):
        for kernel in range(3):
            state |= sepc_conv(f"neck.1.pconvs.{stack}.pconv.{kernel}", layout.pconv_deform)
        state |= norm(f"neck.1.pconvs.{stack}.bn", 256) if layout.ibn else {}
    for letter, word in (("l", "loc"), ("c", "cls")):
        state |= sepc_conv(f"neck.1.{letter}conv", True)
        state |= norm(f"neck.1.bn_{word}", 256) if layout.ibn else {}
    return state | (old_atss_head() if layout.head == "atss" else old_gfl_head())


def old_resnet(layout: Layout) -> dict[str, Tensor]:
    """ResNet, its stem one convolution of 7x7 or, as v1c, three of 3x3."""
    state: dict[str, Tensor] = {}
    if layout.backbone == "resnet_v1c":
        for index, (after, before) in enumerate([(32, 3), (32, 32), (64, 32)]):
            state |= conv(f"backbone.stem.{3 * index}", after, before, 3, bias=False)
            state |= norm(f"backbone.stem.{3 * index + 1}", after)
    else:
        state |= conv("backbone.conv1", 64, 3, 7, bias=False) | norm("backbone.bn1", 64)
    channels = 64
    for stage, blocks in enumerate(BLOCKS[layout.depth], start=1):
        planes = 64 * 2 ** (stage - 1)
        for block in range(blocks):
            prefix = f"backbone.layer{stage}.{block}"
            sizes = ((planes, channels, 1), (planes, planes, 3), (4 * planes, planes, 1))
            for number, (after, before, size) in enumerate(sizes, start=1):
                state |= conv(f"{prefix}.conv{number}", after, before, size, bias=False)
                state |= norm(f"{prefix}.bn{number}", after)
            if stage in layout.deformed:
                state |= conv(f"{prefix}.conv2.conv_offset", 18, planes, 3)
            if block == 0:
                state |= conv(f"{prefix}.downsample.0", 4 * planes, channels, 1, bias=False)
                state |= norm(f"{prefix}.downsample.1", 4 * planes)
            channels = 4 * planes
    return state


def old_backbone(layout: Layout) -> dict[str, Tensor]:
    """Res2Net of width 26 and scale 4: a stem of three convolutions and four stages."""
    state: dict[str, Tensor] = {}
    for index, (after, before) in enumerate([(32, 3), (32, 32), (64, 32)]):
        state |= conv(f"backbone.stem.{3 * index}", after, before, 3, bias=False)
        state |= norm(f"backbone.stem.{3 * index + 1}", after)
    channels = 64
    for stage, blocks in enumerate(BLOCKS[layout.depth], start=1):
        planes = 64 * 2 ** (stage - 1)
        width = planes * 26 // 64
        for block in range(blocks):
            prefix = f"backbone.layer{stage}.{block}"
            state |= conv(f"{prefix}.conv1", 4 * width, channels, 1, bias=False)
            state |= norm(f"{prefix}.bn1", 4 * width)
            for part in range(3):
                state |= conv(f"{prefix}.convs.{part}", width, width, 3, bias=False)
                if stage in layout.deformed:
                    state |= conv(f"{prefix}.convs.{part}.conv_offset", 18, width, 3)
                state |= norm(f"{prefix}.bns.{part}", width)
            state |= conv(f"{prefix}.conv3", 4 * planes, 4 * width, 1, bias=False)
            state |= norm(f"{prefix}.bn3", 4 * planes)
            if block == 0:
                state |= conv(f"{prefix}.downsample.1", 4 * planes, channels, 1, bias=False)
                state |= norm(f"{prefix}.downsample.2", 4 * planes)
            channels = 4 * planes
    return state


def old_gfl_head() -> dict[str, Tensor]:
    state = {"bbox_head.integral.project": torch.linspace(0, 16, 17)}
    state |= conv("bbox_head.gfl_cls", 80, 256, 3)
    state |= conv("bbox_head.gfl_reg", 68, 256, 3)
    return state | {f"bbox_head.scales.{level}.scale": torch.tensor(1.0) for level in range(5)}


def old_atss_head() -> dict[str, Tensor]:
    state = conv("bbox_head.atss_cls", 80, 256, 3)
    state |= conv("bbox_head.atss_reg", 4, 256, 3)
    state |= conv("bbox_head.atss_centerness", 1, 256, 3)
    return state | {f"bbox_head.scales.{level}.scale": torch.tensor(1.0) for level in range(5)}


def sepc_conv(prefix: str, deform: bool) -> dict[str, Tensor]:
    return conv(prefix, 256, 256, 3) | (conv(f"{prefix}.conv_offset", 18, 256, 3) if deform else {})


def conv(prefix: str, after: int, before: int, size: int, bias: bool = True) -> dict[str, Tensor]:
    state = {f"{prefix}.weight": torch.full((after, before, size, size), STD)}
    return state | ({f"{prefix}.bias": torch.full((after,), STD)} if bias else {})


def norm(prefix: str, channels: int) -> dict[str, Tensor]:
    return {
        f"{prefix}.weight": torch.rand(channels),
        f"{prefix}.bias": torch.full((channels,), STD),
        f"{prefix}.running_mean": torch.randn(channels),
        f"{prefix}.running_var": torch.rand(channels) + 1,
        f"{prefix}.num_batches_tracked": torch.tensor(1000),
    }


def public_model(name: str, pretrained: bool) -> dict[str, Any]:
    """Return the `model` of one of the public files, with the arguments that it has there.

    Args:
        name: The file's.
        pretrained: Whether weights are `model.pretrained`, as in its older versions.
    """
    layout = PUBLIC[name]
    backbone: dict[str, Any] = {
        "type": "Res2Net" if layout.backbone == "res2net" else "ResNet", "depth": layout.depth,
        "num_stages": 4, "out_indices": (0, 1, 2, 3), "frozen_stages": 1, "style": "pytorch",
        "norm_cfg": {"type": "SyncBN" if layout.ibn else "BN", "requires_grad": True},
        "norm_eval": not layout.ibn,
    }  # fmt: skip
    if layout.backbone == "res2net":
        backbone |= {"scales": 4, "base_width": 26}
    if layout.backbone == "resnet_v1c":
        backbone["deep_stem"] = True
    if layout.deformed:
        backbone["dcn"] = {"type": "DCN", "deform_groups": 1, "fallback_on_stride": False}
        backbone["stage_with_dcn"] = tuple(stage in layout.deformed for stage in (1, 2, 3, 4))
    sepc: dict[str, Any] = {
        "type": "SEPC", "out_channels": 256, "stacked_convs": 4, "ibn": layout.ibn,
        "pconv_deform": layout.pconv_deform, "lcconv_deform": True,
    }  # fmt: skip
    sepc |= {"pnorm_eval": False, "lcnorm_eval": False} if layout.ibn else {}
    sepc |= {"lcconv_padding": layout.padding} if layout.padding else {}
    ours = model_config("universenet50" if layout.head == "atss" else "universenet101").to_dict()
    weights = "torchvision://resnet50"
    if not pretrained:
        backbone["init_cfg"] = {"type": "Pretrained", "checkpoint": weights}
    return {
        "type": "ATSS" if layout.head == "atss" else "GFL",
        **({"pretrained": weights} if pretrained else {}),
        "backbone": backbone,
        "neck": [ours["neck"][0], sepc],
        **{key: ours[key] for key in ("bbox_head", "train_cfg", "test_cfg")},
    }


@pytest.mark.parametrize("name", PUBLIC)
@pytest.mark.parametrize("pretrained", [False, True], ids=["init_cfg", "pretrained"])
def test_a_public_model_file_is_a_base(name: str, pretrained: bool, tmp_path: Path) -> None:
    (tmp_path / "public.py").write_text(f"model = {public_model(name, pretrained)!r}\n")
    bases = ["datasets/sample.py", "schedules/finetune_sgd.py", "default_runtime.py"]
    paths = ["public.py", *(str(CONFIGS / "_base_" / base) for base in bases)]
    config_file = tmp_path / "config_file.py"
    config_file.write_text(f"_base_ = {paths}\n")
    with pytest.raises(PodiumError, match=r"add data_preprocessor=dict\(type='DetDataPreproc"):
        load_config(config_file, RunOptions())
    normalize = "model = dict(data_preprocessor=dict(type='DetDataPreprocessor'))\n"
    config_file.write_text(f"_base_ = {paths}\n{normalize}")
    config = load_config(config_file, RunOptions())
    assert config.model.backbone.init_cfg.checkpoint == "torchvision://resnet50"
    assert "pretrained" not in config.model
    old = old_state_dict(PUBLIC[name])
    for num_classes in (80, 10):
        config.model.bbox_head.num_classes = num_classes
        with torch.device("meta"):
            built = MODELS.build(config.model).state_dict()
        assert set(built) == set(old)
        other = [key for key in old if built[key].shape != old[key].shape]
        head = "atss_cls" if PUBLIC[name].head == "atss" else "gfl_cls"
        assert other == (
            [] if num_classes == 80 else [f"bbox_head.{head}.{p}" for p in ("weight", "bias")]
        )
