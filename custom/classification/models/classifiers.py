"""Classifiers of whole images and of regions, by the interface of MMDetection's detectors."""

from __future__ import annotations

from typing import Any

import torch
from mmcv.ops import roi_align
from mmdet.registry import MODELS
from mmengine.model import BaseModel
from mmengine.structures import InstanceData
from torch import Tensor

from custom.classification.models.head import ClassHead
from custom.errors import PodiumError


class _Classifier(BaseModel):
    """Backbone and head; what is classified are the rows of each image's `gt_instances`.

    Those have `bboxes` on the image as it comes in, `targets` (N, C), and `given_bboxes` as the
    data has them, which predictions repeat to the last digit.
    """

    backbone: Any
    head: ClassHead

    def logits(self, inputs: Tensor, data_samples: list[Any]) -> Tensor:
        """Return logits (N, C) of all rows of a batch, image by image."""
        raise NotImplementedError

    def forward(
        self, inputs: Tensor, data_samples: list[Any] | None = None, mode: str = "tensor"
    ) -> Any:
        """Return logits ("tensor"), losses ("loss") or samples with predictions ("predict")."""
        samples = data_samples or []
        logits = self.logits(inputs, samples)
        if mode == "tensor":
            return logits
        if mode == "loss":
            targets = torch.cat([sample.gt_instances.targets for sample in samples])
            return self.head.loss(logits, targets)
        counts = [len(sample.gt_instances.given_bboxes) for sample in samples]
        of_images = self.head.probabilities(logits).split(counts)
        for sample, scores in zip(samples, of_images, strict=True):
            sample.pred_instances = labelled(sample.gt_instances.given_bboxes, scores)
        return samples


@MODELS.register_module()
class ImageClassifier(_Classifier):
    """A classifier of whole images: timm's pooled features and a head.

    Args:
        backbone: A `TimmBackbone`.
        head: A `ClassHead`.
        data_preprocessor: As a detector's.
        init_cfg: As in MMEngine.
    """

    def __init__(
        self, backbone: dict, head: dict, data_preprocessor: Any = None, init_cfg: Any = None
    ) -> None:
        super().__init__(data_preprocessor, init_cfg)
        self.backbone = MODELS.build(backbone)
        self.head = MODELS.build({"in_channels": self.backbone.num_features, **head})

    def logits(self, inputs: Tensor, data_samples: list[Any]) -> Tensor:
        """Return logits (B, C) of images (B, 3, H, W)."""
        return self.head(self.backbone(inputs))


@MODELS.register_module()
class RegionClassifier(_Classifier):
    """A classifier of given boxes: a feature map, RoIAlign over widened boxes, an MLP.

    Args:
        backbone: A `TimmBackbone` with `map_index`.
        head: A `ClassHead`.
        widen: By which share of its width or height a box grows to each side: `left`, `right`,
            `up`, `down`. What then lies outside of the image is zero on the map.
        roi_size: Side of the grid of features that a box becomes.
        data_preprocessor: As a detector's.
        init_cfg: As in MMEngine.
    """

    def __init__(
        self,
        backbone: dict,
        head: dict,
        widen: dict[str, float] | None = None,
        roi_size: int = 7,
        data_preprocessor: Any = None,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(data_preprocessor, init_cfg)
        self.backbone = MODELS.build(backbone)
        if self.backbone.map_index is None:
            raise PodiumError("the backbone of RegionClassifier needs map_index; -1 is the last")
        self.widen, self.roi_size = _factors(widen or {}), roi_size
        features = self.backbone.num_features * roi_size**2
        self.head = MODELS.build({"in_channels": features, **head})

    def logits(self, inputs: Tensor, data_samples: list[Any]) -> Tensor:
        """Return logits (N, C) of all boxes on images (B, 3, H, W)."""
        feature_map = self.backbone.feature_map(inputs)
        of_images = [sample.gt_instances.bboxes for sample in data_samples]
        index = [bboxes.new_full((len(bboxes), 1), i) for i, bboxes in enumerate(of_images)]
        rois = torch.cat([torch.cat(index), widened(torch.cat(of_images), *self.widen)], dim=1).to(
            feature_map
        )
        scale = 1 / self.backbone.stride
        grids = roi_align(feature_map, rois, self.roi_size, scale, 2, "avg", True)
        return self.head(grids.flatten(1))


def widened(bboxes: Tensor, left: float, right: float, up: float, down: float) -> Tensor:
    """Return boxes that are wider by shares of their width and higher by shares of their height.

    Args:
        bboxes: Shape (N, 4), xyxy.
        left: Share of the width added to the left.
        right: To the right.
        up: Share of the height added above.
        down: Below.
    """
    width, height = (bboxes[:, 2:] - bboxes[:, :2]).unbind(dim=1)
    grown = (-left * width, -up * height, right * width, down * height)
    return bboxes + torch.stack(grown, dim=1)


def labelled(bboxes: Tensor, scores: Tensor) -> InstanceData:
    """Return each box once for every class, with the class's score.

    Args:
        bboxes: Shape (N, 4).
        scores: Shape (N, C).
    """
    num_classes = scores.shape[1]
    labels = torch.arange(num_classes, device=scores.device).repeat(len(bboxes))
    return InstanceData(
        bboxes=bboxes.repeat_interleave(num_classes, dim=0), scores=scores.flatten(), labels=labels
    )


def _factors(widen: dict[str, float]) -> tuple[float, float, float, float]:
    sides = ("left", "right", "up", "down")
    if wrong := [side for side in widen if side not in sides or widen[side] < 0]:
        raise PodiumError(
            f"widen must have shares of at least 0 for {', '.join(sides)}, but has "
            f"{wrong[0]}={widen[wrong[0]]}"
        )
    left, right, up, down = (float(widen.get(side, 0.0)) for side in sides)
    return left, right, up, down
