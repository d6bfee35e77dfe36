"""Every config of every competition: a file that is added is tested without another line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from mmdet.models.backbones.res2net import Bottle2neck
from mmdet.registry import MODELS
from torch import nn

from custom.training.configuration import RunOptions, load_config
from custom.training.pretrained import pretrained_weights
from tests.detection.models.toys import CONFIGS, build, losses, predict, squares

# ablations.py is a plan of changes to leaves, for tools/ablate.py.
CONFIG_FILES = sorted(set(CONFIGS.glob("[!_]*/*.py")) - set(CONFIGS.glob("*/ablations.py")))
# Those of classifiers have their own tests; two of them change another one.
CLASSIFIERS = re.compile(r"classifier_runtime|\./(hatch|tiny)\.py")
DETECTORS = [path for path in CONFIG_FILES if not CLASSIFIERS.search(path.read_text("utf-8"))]
# Those of the drawn and of the small data are for CPUs; docs/detectors.md is on the competition's.
DOCUMENTED = [config_file for config_file in CONFIG_FILES if config_file.parent.name == "trash"]
SIZE = 128
CHECKPOINT = re.compile(r"https://\S+\.pth")


@pytest.mark.parametrize(
    "config_file",
    CONFIG_FILES,
    ids=lambda config_file: f"{config_file.parent.name}-{config_file.stem}",
)
def test_config_inherits_and_says_why(config_file: Path) -> None:
    text = config_file.read_text(encoding="utf-8")
    assert text.startswith("# "), "the first line says which one idea the config_file adds"
    assert "_base_ = " in text
    assert len(text.splitlines()) < 40, "a config_file is no dumped config"


@pytest.mark.parametrize(
    "config_file",
    DETECTORS,
    ids=lambda config_file: f"{config_file.parent.name}-{config_file.stem}",
)
def test_pretrained_weights_have_an_address(config_file: Path) -> None:
    config = load_config(config_file, RunOptions())
    parts = pretrained_weights(config.model)
    urls = [*parts, *filter(None, [config.get("load_from")])]
    assert all(CHECKPOINT.fullmatch(url) for url in urls)
    assert len(urls) <= 1, "a whole detector's weights replace its backbone's"
    bare = load_config(config_file, RunOptions(pretrained=False))
    assert bare.get("load_from") is None
    assert pretrained_weights(bare.model) == []


@pytest.mark.parametrize("config_file", DOCUMENTED, ids=lambda config_file: config_file.stem)
def test_the_docs_link_the_checkpoint_that_a_config_starts_from(config_file: Path) -> None:
    config = load_config(config_file, RunOptions())
    parts = pretrained_weights(config.model)
    text = (CONFIGS.parent / "docs/detectors.md").read_text(encoding="utf-8")
    for url in [*parts, *filter(None, [config.get("load_from")])]:
        assert f"[{config_file.stem}]: {url}\n" in text


@pytest.mark.parametrize(
    "config_file",
    DETECTORS,
    ids=lambda config_file: f"{config_file.parent.name}-{config_file.stem}",
)
def test_config_trains_a_step_and_predicts(config_file: Path) -> None:
    model = load_config(config_file, RunOptions(pretrained=False)).model
    detector = build(reduced(model))
    open_blocks(detector)
    found = losses(detector.train(), squares(SIZE))
    found["loss"].backward()
    gradients = [p.grad for p in detector.parameters() if p.grad is not None]
    assert torch.isfinite(found["loss"])
    assert all(torch.isfinite(gradient).all() for gradient in gradients)
    assert sum(bool(gradient.abs().max() > 0) for gradient in gradients) > len(gradients) / 2
    for result in predict(detector, squares(SIZE)):
        assert result.bboxes.shape == (len(result), 4)
        assert len(result) <= 100
        assert set(result.labels.tolist()) <= set(range(10))
        assert ((result.scores >= 0) & (result.scores <= 1)).all()


@pytest.mark.parametrize(
    "config_file",
    DOCUMENTED,
    ids=lambda config_file: f"{config_file.parent.name}-{config_file.stem}",
)
def test_config_builds_at_full_size_as_documented(config_file: Path) -> None:
    config = load_config(config_file, RunOptions(pretrained=False))
    detector = MODELS.build(config.model)
    documented = documented_parameters()
    assert config_file.stem in documented, "docs/detectors.md must have a row for each config_file"
    parameters = sum(parameter.numel() for parameter in detector.parameters())
    assert documented[config_file.stem] == parameters


def open_blocks(detector: nn.Module) -> None:
    """Let blocks that begin as the identity pass gradients, as they do from the second step on."""
    for module in detector.modules():
        if isinstance(module, Bottle2neck):
            nn.init.ones_(module.norm3.weight)


def documented_parameters() -> dict[str, int]:
    """Read the names and the numbers of parameters from the table in the docs."""
    text = (CONFIGS.parent / "docs/detectors.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([\d,]+) \|", text, flags=re.MULTILINE)
    return {name: int(number.replace(",", "")) for name, number in rows}


def reduced(model):
    """Take depth, proposals and queries away, so that a step at 128 pixels is quick on a CPU."""
    backbone = model.backbone
    shallow = {
        "SwinTransformer": {"depths": [1, 1, 1, 1]},
        "PyramidVisionTransformerV2": {"num_layers": [1, 1, 1, 1]},
        "ZeroInitRes2Net": {"depth": 50, "base_width": 4},
        "CSPDarknet": {"deepen_factor": 0.33},
        "CSPNeXt": {"deepen_factor": 0.33},
        "YOLOv5Backbone": {"depth": 0.33},
    }
    backbone.update(shallow.get(backbone.type, {}))
    if isinstance(model.neck, list) and "lcconv_padding" not in model.neck[1]:
        model.neck[1].lcconv_padding = 1  # without padding the coarsest map is too small at 128
    if model.type == "CascadeRCNN":
        model.train_cfg.rpn_proposal.max_per_img = model.test_cfg.rpn.max_per_img = 20
        for stage in model.train_cfg.rcnn:
            stage.sampler.num = 16
    if model.type == "DINO":
        model.num_queries = 20
        model.encoder.num_layers = model.decoder.num_layers = 1
    return model
