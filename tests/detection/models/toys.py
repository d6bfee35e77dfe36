"""A batch of two drawn images, and detectors made small enough to step on a CPU in a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.utils import register_all_modules
from mmengine.config import Config
from mmengine.structures import InstanceData
from torch import Tensor, nn

import custom.detection  # noqa: F401

register_all_modules()

CONFIGS = Path(__file__).parents[3] / "configs"


def model_config(base: str, num_classes: int = 80) -> Config:
    """Return the `model` of `configs/_base_/models/<base>.py`."""
    model = Config.fromfile(CONFIGS / "_base_/models" / f"{base}.py").model
    model.bbox_head.num_classes = num_classes
    return model


def build(model: Any) -> nn.Module:
    torch.manual_seed(0)
    detector = MODELS.build(model)
    detector.init_weights()
    return detector


def squares(size: int = 128) -> dict[str, list]:
    """Draw a red and a green rectangle on grey, twice, at different places."""
    inputs, samples = [], []
    for shift in (0, 20):
        boxes = [[12 + shift, 10, 52 + shift, 42], [60, 66 - shift, 100, 110 - shift]]
        image = torch.full((3, size, size), 90, dtype=torch.uint8)
        for channel, (left, top, right, bottom) in enumerate(boxes):
            image[channel, top:bottom, left:right] = 250
        inputs.append(image)
        samples.append(sample(torch.tensor(boxes).float(), torch.tensor([0, 1]), size))
    return {"inputs": inputs, "data_samples": samples}


def sample(bboxes: Tensor, labels: Tensor, size: int) -> DetDataSample:
    shapes = dict.fromkeys(
        ("img_shape", "ori_shape", "pad_shape", "batch_input_shape"), (size, size)
    )
    out = DetDataSample(metainfo={**shapes, "scale_factor": (1.0, 1.0)})
    out.gt_instances = InstanceData(bboxes=bboxes, labels=labels)
    return out


def losses(detector: nn.Module, batch: dict[str, list]) -> dict[str, Tensor]:
    """Return the losses of a training step, `loss` their sum."""
    data = detector.data_preprocessor(batch, True)
    total, logged = detector.parse_losses(detector.loss(data["inputs"], data["data_samples"]))
    return {**logged, "loss": total}


def predict(detector: nn.Module, batch: dict[str, list]) -> list[InstanceData]:
    with torch.no_grad():
        return [out.pred_instances for out in detector.eval().test_step(batch)]
