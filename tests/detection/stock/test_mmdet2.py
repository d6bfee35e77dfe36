"""A config of MMDetection 2 is recognised, and each of its lines has another to write."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from custom.detection.stock.mmdet2 import changes_from_mmdet2
from custom.errors import PodiumError
from custom.training.configuration import RunOptions, load_config

OLD = """
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='Resize', img_scale=[(1333, 480), (1333, 960)], multiscale_mode='range',
         keep_ratio=True),
    dict(type='RandomFlip', flip_ratio=0.5),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='Pad', size_divisor=32),
    dict(type='DefaultFormatBundle'),
    dict(type='Collect', keys=['img', 'gt_bboxes', 'gt_labels']),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='MultiScaleFlipAug', img_scale=(1333, 800), flip=False, transforms=[
        dict(type='Resize', keep_ratio=True), dict(type='ImageToTensor', keys=['img'])]),
]
model = dict(type='GFL', backbone=dict(type='ResNet', depth=50))
data = dict(
    samples_per_gpu=4, workers_per_gpu=2,
    train=dict(type='RepeatDataset', times=2, dataset=dict(pipeline=train_pipeline)),
    test=dict(pipeline=test_pipeline))
optimizer = dict(type='SGD', lr=0.01, momentum=0.9)
optimizer_config = dict(grad_clip=dict(max_norm=35, norm_type=2))
lr_config = dict(policy='step', warmup='linear', warmup_iters=500, warmup_ratio=0.001, step=[8, 11])
runner = dict(type='EpochBasedRunner', max_epochs=12)
total_epochs = 12
evaluation = dict(interval=2, metric='bbox')
checkpoint_config = dict(interval=1)
log_config = dict(interval=50)
dist_params = dict(backend='nccl')
workflow = [('train', 1)]
fp16 = dict(loss_scale=512.)
"""
EXPECTED = [
    "model: MMDetection 2 normalized in its pipelines; add data_preprocessor=dict(",
    "data: train_dataloader = dict(batch_size=4)",
    "data: train_dataloader = dict(num_workers=2)",
    "data: train_pipeline: Resize -> dict(type='RandomResize', scale=[(1333, 480), (1333, 960)], "
    "keep_ratio=True)",
    "data: train_pipeline: RandomFlip(flip_ratio=0.5) -> RandomFlip(prob=0.5)",
    "data: train_pipeline: leave out Normalize: model.data_preprocessor does it "
    "(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True); with both",
    "data: train_pipeline: leave out Pad: model.data_preprocessor does it (pad_size_divisor=32)",
    "data: train_pipeline: DefaultFormatBundle, Collect -> dict(type='PackDetInputs')",
    "data: test_pipeline: test at one scale with dict(type='Resize', scale=(1333, 800), "
    "keep_ratio=True)",
    "optimizer: optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.01, momentum=0.9), "
    "clip_grad=dict(max_norm=35, norm_type=2))",
    "lr_config: param_scheduler = [dict(type='LinearLR', start_factor=0.001, by_epoch=False, "
    "begin=0, end=500), dict(type='MultiStepLR', by_epoch=True, milestones=[8, 11], gamma=0.1)]",
    "runner: train_cfg = dict(max_epochs=12)",
    "total_epochs: train_cfg = dict(max_epochs=12)",
    "evaluation: train_cfg = dict(val_interval=2)",
    "checkpoint_config: leave it out",
    "log_config: leave it out",
    "dist_params: leave it out: tools/train.py --launcher",
    "workflow: leave it out",
    "fp16: leave it out: tools/train.py --amp",
    "optimizer_config: see optimizer",
]


def test_each_line_has_another() -> None:
    lines = changes_from_mmdet2(Config.fromstring(OLD, ".py"))
    for expected in EXPECTED:
        assert [line for line in lines if line.startswith(expected)], expected


def test_it_is_refused_with_these_lines(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text(OLD)
    facts = Path(__file__).resolve().parents[3] / "configs/_base_/competitions/sample.py"
    (tmp_path / "config_file.py").write_text(f"_base_ = ['old.py', '{facts}']\n")
    with pytest.raises(PodiumError, match=r"config_file\.py .*is of MMDetection 2 here") as error:
        load_config(tmp_path / "config_file.py", RunOptions())
    assert "\n  runner: train_cfg = dict(max_epochs=12)\n" in str(error.value)


@pytest.mark.parametrize(
    ("lr", "expected"),
    [
        ("dict(policy='CosineAnnealing', min_lr_ratio=0.05)", "eta_min_ratio=0.05"),
        ("dict(policy='poly', power=0.9, min_lr=1e-6)", "power=0.9, eta_min=1e-06"),
        ("dict(policy='cyclic')", "(none is known for 'cyclic')"),
    ],
)
def test_schedules(lr: str, expected: str) -> None:
    (line,) = changes_from_mmdet2(Config.fromstring(f"lr_config = {lr}", ".py"))
    assert expected in line


def test_a_config_of_mmdetection_3_has_no_such_line() -> None:
    model = "dict(backbone=dict(), data_preprocessor=dict(type='DetDataPreprocessor'))"
    assert changes_from_mmdet2(Config.fromstring(f"model = {model}\nlr = 0.1", ".py")) == []
