"""A detector small enough to train in a test, as a config dict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

LOADERS: list[dict[str, Any]] = [
    {"type": "LoadImageFromFile"},
    {"type": "LoadAnnotations", "with_bbox": True},
]
FLIP: list[dict[str, Any]] = [
    *LOADERS,
    {"type": "RandomFlip", "prob": 0.5},
    {"type": "PhotoMetricDistortion"},
    {"type": "PackDetInputs"},
]


def toy_model(num_classes: int = 3) -> dict[str, Any]:
    """Return the config of a RetinaNet with a narrow ResNet-18 (about 0.3 million parameters)."""
    channels = 16
    return {
        "type": "RetinaNet",
        "data_preprocessor": {
            "type": "DetDataPreprocessor",
            "mean": [115.0] * 3,
            "std": [60.0] * 3,
            "pad_size_divisor": 32,
        },
        "backbone": {
            "type": "ResNet",
            "depth": 18,
            "base_channels": 8,
            "stem_channels": 8,
            "out_indices": (1, 2, 3),
            "norm_cfg": {"type": "BN", "requires_grad": True},
            "init_cfg": None,
        },
        "neck": {
            "type": "FPN",
            "in_channels": [16, 32, 64],
            "out_channels": channels,
            "num_outs": 3,
        },
        "bbox_head": {
            "type": "RetinaHead",
            "num_classes": num_classes,
            "in_channels": channels,
            "feat_channels": channels,
            "stacked_convs": 1,
            "anchor_generator": {
                "type": "AnchorGenerator",
                "octave_base_scale": 4,
                "scales_per_octave": 1,
                "ratios": [1.0],
                "strides": [8, 16, 32],
            },
            "bbox_coder": {"type": "DeltaXYWHBBoxCoder"},
            "loss_cls": {"type": "FocalLoss", "use_sigmoid": True, "loss_weight": 1.0},
            "loss_bbox": {"type": "L1Loss", "loss_weight": 1.0},
        },
        "train_cfg": {
            "assigner": {
                "type": "MaxIoUAssigner",
                "pos_iou_thr": 0.5,
                "neg_iou_thr": 0.4,
                "min_pos_iou": 0.0,
                "ignore_iof_thr": -1,
            },
            "sampler": {"type": "PseudoSampler"},
            "allowed_border": -1,
            "pos_weight": -1,
            "debug": False,
        },
        "test_cfg": {
            "nms_pre": 100,
            "min_bbox_size": 0,
            "score_thr": 0.01,
            "nms": {"type": "nms", "iou_threshold": 0.5},
            "max_per_img": 20,
        },
    }


def toy_config(ann_file: Path, work_dir: Path, **changes: Any) -> dict[str, Any]:
    """Return a whole training config on a data set of `make_toy_coco`; `changes` replace keys.

    Args:
        ann_file: The data set's `train.json`.
        work_dir: Where checkpoints and logs go.
        **changes: Top-level keys of the config.
    """
    config: dict[str, Any] = {
        "default_scope": "mmdet",
        "custom_imports": {"imports": ["custom.detection"], "allow_failed_imports": False},
        "model": toy_model(),
        "train_dataloader": {
            "batch_size": 2,
            "num_workers": 0,
            "sampler": {"type": "DefaultSampler", "shuffle": True},
            "dataset": {
                "type": "CompetitionDataset",
                "data_root": str(ann_file.parent),
                "ann_file": ann_file.name,
                "data_prefix": {"img": ""},
                "pipeline": FLIP,
            },
        },
        "train_cfg": {"type": "EpochBasedTrainLoop", "max_epochs": 2},
        "optim_wrapper": {
            "type": "OptimWrapper",
            "optimizer": {"type": "SGD", "lr": 0.01, "momentum": 0.9},
            "clip_grad": {"max_norm": 10.0},
        },
        "param_scheduler": [
            {"type": "LinearLR", "start_factor": 0.1, "by_epoch": False, "begin": 0, "end": 4},
        ],
        "default_hooks": {
            "checkpoint": {"type": "CheckpointHook", "interval": 1, "max_keep_ckpts": 1},
            "logger": {"type": "LoggerHook", "interval": 100},
        },
        "work_dir": str(work_dir),
        "log_level": "WARNING",
    }
    return {**config, **changes}
