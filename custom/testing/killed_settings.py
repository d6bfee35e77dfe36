"""The settings under which trainings are killed and resumed: what a restart could lose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from custom.testing.toy_competition import make_toy_config_file
from custom.testing.toy_config import FLIP, LOADERS, toy_model

EPOCHS = 3
_EMA = {"type": "EMAHook", "momentum": 0.1, "update_buffers": True}
_STAGES = {
    "type": "StagesHook",
    "stages": [
        {
            "epoch": 3,
            "pipeline": [*LOADERS, {"type": "PackDetInputs"}],
            "lr": 0.5,
            "param_scheduler": [{"type": "ExponentialLR", "gamma": 0.8, "by_epoch": False}],
        }
    ],
}  # fmt: skip
_PATIENCE = {"type": "PatienceHook", "patience": 5}
_TWO = {"num_workers": 2}
_KEPT = {"num_workers": 2, "persistent_workers": True}
_BALANCED = {"sampler": {"type": "ClassBalancedSampler", "oversample_thr": 0.9}}

# Name: keys of the training's loader, hooks, iterations between two steps of the optimizer.
SETTINGS: dict[str, tuple[dict[str, Any], list[dict[str, Any]], int]] = {
    "no-worker": ({"num_workers": 0}, [], 1),
    "one-worker": ({"num_workers": 1}, [], 1),
    "two-workers": (_TWO, [], 1),
    "persistent": (_KEPT, [], 1),
    "accumulation": (_TWO, [], 3),
    "ema": (_TWO, [_EMA], 1),
    "stages": (_KEPT, [_STAGES], 1),
    "balanced": ({**_TWO, **_BALANCED}, [], 1),
    "everything": ({**_KEPT, **_BALANCED}, [_EMA, _STAGES, _PATIENCE], 3),
}


def make_setting(name: str, data: Path, path: Path, interval: int = 2) -> Path:
    """Write the config of a setting, on the data of `make_toy_competition`.

    All of them have dropout (`register_dropout_neck`), batch norms that gather statistics,
    momentum, a schedule by iteration and one by epoch, and a resume point every `interval`
    iterations.
    """
    from mmengine.config import Config

    loader, hooks, accumulated = SETTINGS[name]
    config = Config.fromfile(make_toy_config_file(data, path, EPOCHS))
    model = toy_model()
    config.model = {**model, "neck": {**model["neck"], "type": "DropoutFPN"}}
    config.model.backbone.norm_eval = False  # by default mmdet's ResNet keeps its statistics
    for key, value in loader.items():
        config.train_dataloader[key] = value
    config.val_dataloader.update(_without(loader, "sampler"))
    config.train_dataloader.dataset.pipeline = FLIP
    config.optim_wrapper = {
        "type": "OptimWrapper",
        "optimizer": {"type": "AdamW", "lr": 0.002},
        "accumulative_counts": accumulated,
    }
    config.param_scheduler = [
        {"type": "LinearLR", "start_factor": 0.1, "by_epoch": False, "begin": 0, "end": 5},
        {"type": "MultiStepLR", "milestones": [1, 2], "by_epoch": True},
    ]
    config.custom_hooks = [*hooks, {"type": "ResumePointHook", "interval": interval}]
    config.dump(str(path))
    return path


def register_dropout_neck() -> None:
    """Register `DropoutFPN`, a neck that draws random numbers in training."""
    from mmdet.models import FPN
    from mmdet.registry import MODELS
    from torch import Tensor
    from torch.nn.functional import dropout

    @MODELS.register_module(force=True)
    class DropoutFPN(FPN):
        def forward(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            return tuple(dropout(x, 0.2, self.training) for x in super().forward(inputs))


def _without(values: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != key}
