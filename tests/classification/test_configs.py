"""Every config of a classifier builds and takes a step, its images made small."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmdet.registry import MODELS, TRANSFORMS
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate

from custom.ablation.plan import read_plan
from custom.training.configuration import RunOptions, load_config
from custom.training.nodes import dicts_below, name_of
from custom.training.seeding.generators import seeded

CONFIGS = Path(__file__).parents[2] / "configs"
FOUND = sorted(
    path
    for path in CONFIGS.glob("*/*.py")
    if path.parent.name != "_base_" and "classifier_runtime" in path.read_text()
)
OTHERS = [CONFIGS / "sample" / f"{name}.py" for name in ("hatch_plain", "tiny_two_stages")]


class Source:
    """Stands in for a data set of this one sample."""

    def __init__(self, make, classes):
        self.make, self.classes = make, classes

    def draw(self):
        return self.make()


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    path = tmp_path_factory.mktemp("picture") / "noise.png"
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8))
    return path


def sample_of(config, pipeline, picture):
    """Return what a pipeline makes of an image with one box, after its loaders' own seeds."""
    whole = config.competition.task == "image"
    box = [0, 0, 96, 96] if whole else [30, 20, 60, 70]
    load = Compose(list(pipeline[:2]))

    def loaded():
        return load(
            {
                "img_path": str(picture), "file_name": "noise.png", "img_id": 0, "width": 96,
                "height": 96, "instances": [{"bbox": box, "bbox_label": 0, "ignore_flag": 0}],
                "sample_source": source,
            }
        )  # fmt: skip

    source = Source(loaded, tuple(config.competition.classes))
    with seeded(1):
        return Compose(list(pipeline[2:]))(loaded())


@pytest.mark.parametrize("path", [*FOUND, *OTHERS], ids=lambda path: "/".join(path.parts[-2:]))
def test_a_config_takes_a_step(path, picture):
    config = load_config(path, RunOptions(pretrained=False))
    for node in dicts_below([config.train_dataloader, config.get("custom_hooks")]):
        if name_of(node) == "Resize":
            node["scale"] = (64, 64)
    dataset = config.train_dataloader.dataset
    stages = [node["pipeline"] for node in dicts_below(config.custom_hooks) if "pipeline" in node]
    augmented = [*dataset.pipeline[:2], *config.get("augmentations", ()), *dataset.pipeline[2:]]
    model = MODELS.build(config.model)
    model.init_weights()
    for pipeline in (augmented, *stages):
        batch = pseudo_collate([sample_of(config, pipeline, picture)] * 2)
        data = model.data_preprocessor(batch, True)
        loss, _ = model.parse_losses(model(**data, mode="loss"))
        assert torch.isfinite(loss)
        loss.backward()
    without = [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert without == []  # a parameter that nothing reaches stops a training on several GPUs


def test_all_configs_were_found():
    names = {"/".join(path.parts[-2:]) for path in FOUND}
    assert {
        "hatch/mobilenetv3.py", "hatch/convnext_tiny.py", "rope/dinov3_roi.py",
        "rope/resnet_roi.py", "tiny/resnet50.py", "bccd/has_cells.py", "bccd/cell_kind.py",
        "sample/hatch.py", "sample/tiny.py",
    } <= names  # fmt: skip


def test_the_hatch_ablation_has_22_variants_whose_transforms_build():
    plan = read_plan(CONFIGS / "hatch" / "ablations.py")
    assert len(plan.variants) == 22
    for variant in plan.variants:
        for each in variant.change.get("augmentations", ()):
            assert callable(TRANSFORMS.build(dict(each)))


@pytest.mark.parametrize("path", sorted((CONFIGS / "_base_/augmentations").glob("*.py")))
def test_augmentations_by_name_run(path, picture):
    transforms = Config.fromfile(path).augmentations
    config = load_config(CONFIGS / "sample" / "hatch.py", RunOptions())
    if path.stem in ("heavy", "mixup"):
        pytest.skip("for detectors: they add boxes of other images")
    pipeline = [
        *config.train_dataloader.dataset.pipeline[:2],
        *transforms,
        dict(type="PackRegions"),
    ]
    packed = sample_of(config, pipeline, picture)
    assert packed["inputs"].shape == (3, 96, 96)
    assert packed["data_samples"].gt_instances.targets.shape == (1, 2)
