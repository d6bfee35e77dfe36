"""What MMDetection's configs have that cannot be trained with, and what takes its place."""

from __future__ import annotations

from typing import Any

import pytest
from mmengine.config import Config

from custom.errors import PodiumError
from custom.training.replacements import replace_stock_parts

LOADERS = [{"type": "LoadImageFromFile"}, {"type": "LoadAnnotations", "with_bbox": True}]
MOSAIC = {"type": "Mosaic", "img_scale": (64, 64), "pad_val": 114.0}
MIXUP = {"type": "MixUp", "img_scale": (64, 64), "ratio_range": (0.8, 1.6)}
AFFINE = {"type": "RandomAffine", "border": (-32, -32)}
PACK = {"type": "PackDetInputs"}


def config_of(**keys: Any) -> Config:
    checkpoint = {"type": "CheckpointHook", "save_best": "coco/bbox_mAP_50", "rule": "greater"}
    plain = {
        "train_cfg": {"max_epochs": 20},
        "default_hooks": {"checkpoint": checkpoint},
        "val_evaluator": {"type": "CompetitionMetric"},
    }
    return Config({**plain, **keys})


def test_what_can_be_trained_with_stays() -> None:
    config = config_of(train_dataloader={"dataset": {"pipeline": [*LOADERS, AFFINE, PACK]}})
    before = config.to_dict()
    assert replace_stock_parts(config) == []
    assert config.to_dict() == before


@pytest.mark.parametrize(
    "evaluator",
    [
        pytest.param({"type": "CocoMetric", "ann_file": "x.json"}, id="alone"),
        pytest.param([{"type": "mmdet.CocoMetric", "metric": "bbox"}], id="a list of one"),
        pytest.param([{"type": "CompetitionMetric"}, {"type": "VOCMetric"}], id="a list of two"),
    ],
)
def test_the_competition_s_metric_takes_the_place_of_mmdetection_s(evaluator: Any) -> None:
    config = config_of(val_evaluator=evaluator, test_evaluator=evaluator)
    lines = replace_stock_parts(config)
    assert config.val_evaluator == config.test_evaluator == {"type": "CompetitionMetric"}
    assert len(lines) == 2
    assert "takes the place of" in lines[0]


def test_a_list_with_an_unknown_metric_is_refused() -> None:
    with pytest.raises(PodiumError, match=r"must be CompetitionMetric alone.*DumpDetResults"):
        replace_stock_parts(config_of(val_evaluator=[{"type": "DumpDetResults"}]))


@pytest.mark.parametrize(
    ("hooks", "interval"),
    [
        pytest.param({"checkpoint": {"type": "CheckpointHook", "interval": 1}}, 1, id="stock"),
        pytest.param({"checkpoint": {"save_best": "auto", "interval": 3}}, 3, id="auto"),
        pytest.param({}, -1, id="none given"),
    ],
)
def test_a_hook_without_best_weights_keeps_them(hooks: dict[str, Any], interval: int) -> None:
    config = config_of(default_hooks=hooks)
    (line,) = replace_stock_parts(config)
    hook = config.default_hooks.checkpoint
    assert (hook.type, hook.interval) == ("CheckpointHook", interval)
    assert (hook.save_best, hook.rule) == ("coco/bbox_mAP_50", "greater")
    assert "save_best='coco/bbox_mAP_50'" in line


@pytest.mark.parametrize("hook", [None, {"type": "CheckpointHook", "save_best": "coco/bbox_mAP"}])
def test_a_hook_that_says_otherwise_stays_for_the_checks(hook: Any) -> None:
    config = config_of(default_hooks={"checkpoint": hook})
    assert replace_stock_parts(config) == []
    assert config.default_hooks.checkpoint == hook


def test_mixing_transforms_follow_the_seed() -> None:
    cached = {**MOSAIC, "type": "CachedMosaic", "max_cached_images": 40, "random_pop": False}
    cached_mixup = {**MIXUP, "type": "CachedMixUp", "max_cached_images": 20, "prob": 0.5}
    pipeline = [*LOADERS, cached, AFFINE, cached_mixup, MIXUP, PACK]
    config = config_of(train_dataloader={"dataset": {"pipeline": pipeline}})
    lines = replace_stock_parts(config)
    mosaic, _, half, always, _ = config.train_dataloader.dataset.pipeline[2:]
    assert mosaic == {**MOSAIC, "type": "SeededMosaic"}
    assert half == {"type": "WithPartners", "prob": 0.5, "transform": MIXUP}
    assert always == {"type": "WithPartners", "prob": 1.0, "transform": MIXUP}
    assert lines == [
        "CachedMosaic is SeededMosaic, which follows the seed",
        "CachedMixUp is WithPartners(MixUp), which follows the seed",
        "MixUp is WithPartners(MixUp), which follows the seed",
    ]
    assert replace_stock_parts(config) == []


def stock_yolox(**changes: Any) -> Config:
    inner = {"type": "CompetitionDataset", "pipeline": LOADERS}
    wrapper = {
        "type": "MultiImageMixDataset", "dataset": inner,
        "pipeline": [MOSAIC, AFFINE, MIXUP, {"type": "RandomFlip", "prob": 0.5}, PACK],
    }  # fmt: skip
    hook = {"type": "YOLOXModeSwitchHook", "num_last_epochs": 5, "priority": 48}
    return config_of(train_dataloader={"dataset": wrapper}, custom_hooks=[hook], **changes)


def test_yolox_as_published_is_a_plain_data_set_with_a_last_stage() -> None:
    config = stock_yolox()
    lines = replace_stock_parts(config)
    dataset = config.train_dataloader.dataset
    assert dataset.type == "CompetitionDataset"
    kinds = [each["type"] for each in dataset.pipeline]
    assert kinds == [
        "LoadImageFromFile", "LoadAnnotations", "SeededMosaic", "RandomAffine", "WithPartners",
        "RandomFlip", "PackDetInputs",
    ]  # fmt: skip
    (hook,) = config.custom_hooks
    (stage,) = hook.stages
    # MMDetection switches in the epoch before the last 5: (epoch + 1) >= 20 - 5, epoch from 0.
    assert stage.epoch == 15
    kept = [each["type"] for each in stage.pipeline]
    assert kept == ["LoadImageFromFile", "LoadAnnotations", "RandomFlip", "PackDetInputs"]
    assert stage.attributes == {"bbox_head.use_l1": True}
    assert any("StagesHook, with a stage from epoch 15" in line for line in lines)


def test_a_training_too_short_for_its_last_stage_is_told() -> None:
    with pytest.raises(PodiumError, match=r"ends the mixing 5 epochs before the end, but .* is 6"):
        replace_stock_parts(stock_yolox(train_cfg={"max_epochs": 6}))


def test_rtmdet_s_switch_is_a_stage() -> None:
    hook = {"type": "PipelineSwitchHook", "switch_epoch": 7, "switch_pipeline": [*LOADERS, PACK]}
    config = config_of(custom_hooks=[hook, {"type": "EMAHook"}])
    replace_stock_parts(config)
    stages, ema = config.custom_hooks
    # switch_epoch counts from 0, stages from 1 as in the logs.
    assert (stages.type, stages.stages[0].epoch) == ("StagesHook", 8)
    assert stages.stages[0].pipeline == [*LOADERS, PACK]
    assert ema.type == "EMAHook"
