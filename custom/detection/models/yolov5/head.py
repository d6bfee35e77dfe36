"""The detection head of YOLOv5: one 1x1 convolution a level, and its losses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from mmdet.models.dense_heads.base_dense_head import BaseDenseHead
from mmdet.models.losses.iou_loss import ciou_loss
from mmdet.models.utils import filter_scores_and_topk
from mmdet.registry import MODELS
from mmdet.structures.bbox import bbox_cxcywh_to_xyxy
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch import Tensor, nn

from custom.detection.models.yolov5.assign import LevelTargets, assign_level

# Width and height in pixels, three a level, as published for images of 640.
COCO_ANCHORS = (
    ((10, 13), (16, 30), (33, 23)),
    ((30, 61), (62, 45), (59, 119)),
    ((116, 90), (156, 198), (373, 326)),
)
BOX_TERMS = 5  # x, y, w, h, objectness; then the classes
REFERENCE_SIZE = 640  # the loss weights were found at this image size
REFERENCE_CLASSES = 80  # and for this many classes


@MODELS.register_module()
class YOLOv5Head(BaseDenseHead):
    """Predict a box, an objectness and class scores for each anchor of each cell.

    Args:
        num_classes: Number of classes.
        in_channels: Channels of the levels, finest first.
        strides: Pixels a cell of the levels.
        anchors: Width and height in pixels, shape (levels, anchors, 2).
        ratio_thr: An anchor may be larger or smaller than its box by less than this factor.
        obj_balance: Weight of each level's objectness; the fine levels have the rarer boxes.
        bbox_weight: Weight of 1 - CIoU.
        obj_weight: Weight of the objectness, whose target is the CIoU of the prediction.
        cls_weight: Weight of the classes.
        train_cfg: Not used.
        test_cfg: `score_thr`, `nms_pre`, `nms`, `max_per_img`.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: Sequence[int],
        strides: Sequence[int] = (8, 16, 32),
        anchors: Sequence[Sequence[Sequence[float]]] = COCO_ANCHORS,
        ratio_thr: float = 4.0,
        obj_balance: Sequence[float] = (4.0, 1.0, 0.4),
        bbox_weight: float = 0.05,
        obj_weight: float = 1.0,
        cls_weight: float = 0.5,
        train_cfg: dict[str, Any] | None = None,
        test_cfg: ConfigDict | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.num_classes = num_classes
        self.strides = tuple(strides)
        self.ratio_thr = ratio_thr
        self.obj_balance = tuple(obj_balance)
        self.bbox_weight = bbox_weight
        self.obj_weight = obj_weight
        self.cls_weight = cls_weight
        self.test_cfg = test_cfg
        pixels = torch.tensor(anchors, dtype=torch.float32)
        # In cells, and saved: a checkpoint with other anchors brings its own.
        self.register_buffer("anchors", pixels / torch.tensor(self.strides)[:, None, None])
        outputs = pixels.shape[1] * (BOX_TERMS + num_classes)
        self.convs = nn.ModuleList(nn.Conv2d(channels, outputs, 1) for channels in in_channels)

    def init_weights(self) -> None:
        """Start from few objects (8 an image of 640) and rare classes, as focal losses do."""
        super().init_weights()
        for conv, stride in zip(self.convs, self.strides, strict=True):
            bias = cast(Tensor, conv.bias).detach().view(self.anchors.shape[1], -1)
            bias[:, 4] += math.log(8 / (REFERENCE_SIZE / stride) ** 2)
            bias[:, BOX_TERMS:] += math.log(0.6 / (self.num_classes - 0.99999))

    def forward(self, features: Sequence[Tensor]) -> tuple[list[Tensor]]:
        """Predict on all levels.

        Args:
            features: One (B, C, H, W) map a level.

        Returns:
            A tuple of one list: logits (B, A, H, W, 5 + num_classes) of each level.
        """
        return (
            [self._predict_level(x, conv) for x, conv in zip(features, self.convs, strict=True)],
        )

    def _predict_level(self, x: Tensor, conv: nn.Module) -> Tensor:
        out = conv(x).float()
        batch, _, height, width = out.shape
        out = out.view(batch, self.anchors.shape[1], -1, height, width)
        return out.permute(0, 1, 3, 4, 2).contiguous()

    def loss_by_feat(
        self,
        predictions: Sequence[Tensor],
        batch_gt_instances: Sequence[InstanceData],
        batch_img_metas: Sequence[dict[str, Any]],
        batch_gt_instances_ignore: Sequence[InstanceData] | None = None,
    ) -> dict[str, Tensor]:
        """Sum the three losses over the levels.

        Args:
            predictions: Logits of each level, see `forward`.
            batch_gt_instances: `bboxes` (xyxy, pixels of the input) and `labels` of each image.
            batch_img_metas: Not used.
            batch_gt_instances_ignore: Not used: ignored boxes count as background.

        Returns:
            `loss_bbox`, `loss_obj`, `loss_cls`, times the batch size, as the weights want it.
        """
        bboxes = torch.cat([instances.bboxes for instances in batch_gt_instances])
        labels = torch.cat([instances.labels for instances in batch_gt_instances])
        counts = torch.tensor([len(i) for i in batch_gt_instances], device=bboxes.device)
        images = torch.arange(len(counts), device=bboxes.device).repeat_interleave(counts)
        losses = torch.zeros(3, device=bboxes.device)
        for level, prediction in enumerate(predictions):
            targets = assign_level(
                bboxes,
                labels,
                images,
                self.anchors[level],
                self.strides[level],
                (prediction.shape[2], prediction.shape[3]),
                self.ratio_thr,
            )
            losses = losses + self._level_loss(level, prediction, targets)
        losses = losses * self._weights(predictions) * len(counts)
        return dict(zip(("loss_bbox", "loss_obj", "loss_cls"), losses, strict=True))

    def _level_loss(self, level: int, prediction: Tensor, targets: LevelTargets) -> Tensor:
        """Return the unweighted losses (3,) of one level; without positives only objectness."""
        objectness = prediction.new_zeros(prediction.shape[:4])
        bbox_loss = cls_loss = prediction.sum() * 0
        if len(targets.labels):
            cells = (targets.images, targets.anchors, targets.rows, targets.columns)
            positive = prediction[cells]
            bboxes = decode(positive[:, :4], self.anchors[level][targets.anchors])
            per_box = ciou_loss(
                bbox_cxcywh_to_xyxy(bboxes),
                bbox_cxcywh_to_xyxy(targets.bboxes),
                reduction="none",
            )
            quality = (1 - per_box.detach()).clamp(min=0)
            objectness = best_claim(objectness, cells, quality)
            bbox_loss = per_box.mean()
            classes = F.one_hot(targets.labels, self.num_classes).to(positive.dtype)
            cls_loss = F.binary_cross_entropy_with_logits(positive[:, BOX_TERMS:], classes)
        obj_loss = F.binary_cross_entropy_with_logits(prediction[..., 4], objectness)
        return torch.stack([bbox_loss, obj_loss * self.obj_balance[level], cls_loss])

    def _weights(self, predictions: Sequence[Tensor]) -> Tensor:
        """Return the weights (3,), adapted to the number of levels, the image size, the classes."""
        cells = predictions[0].shape[2] * predictions[0].shape[3]
        area = cells * self.strides[0] ** 2 / REFERENCE_SIZE**2
        classes = self.num_classes / REFERENCE_CLASSES
        weights = (self.bbox_weight, self.obj_weight * area, self.cls_weight * classes)
        return predictions[0].new_tensor(weights) * 3 / len(predictions)

    def predict_by_feat(
        self,
        predictions: Sequence[Tensor],
        batch_img_metas: Sequence[dict[str, Any]],
        cfg: ConfigDict | None = None,
        rescale: bool = False,
        with_nms: bool = True,
    ) -> list[InstanceData]:
        """Turn logits into boxes.

        Args:
            predictions: Logits of each level, see `forward`.
            batch_img_metas: `img_shape`, and `scale_factor` where `rescale` is set.
            cfg: Replaces `test_cfg`.
            rescale: Return the boxes in the pixels of the original image.
            with_nms: Suppress duplicates.

        Returns:
            `bboxes` (xyxy), `scores` and `labels` of each image; a box may have several classes.
        """
        cfg = cfg or self.test_cfg
        assert cfg is not None, "to predict, the head needs a test_cfg"
        bboxes = torch.cat([self._decode_level(*item) for item in enumerate(predictions)], dim=1)
        logits = torch.cat([p.flatten(1, 3) for p in predictions], dim=1)[..., 4:].sigmoid()
        scores = logits[..., 1:] * logits[..., :1]
        results = []
        for index, meta in enumerate(batch_img_metas):
            kept, labels, _, rows = filter_scores_and_topk(
                scores[index], cfg.score_thr, cfg.nms_pre, {"bboxes": bboxes[index]}
            )
            height, width = meta["img_shape"][:2]
            limits = bboxes.new_tensor([width, height, width, height])
            found = InstanceData(
                bboxes=rows["bboxes"].clamp(min=0).minimum(limits), scores=kept, labels=labels
            )
            results.append(self._bbox_post_process(found, cfg, rescale, with_nms, meta))
        return results

    def _decode_level(self, level: int, prediction: Tensor) -> Tensor:
        """Decode all boxes of a level to xyxy pixels, (B, A * H * W, 4)."""
        bboxes = decode(prediction[..., :4], self.anchors[level][:, None, None])
        height, width = prediction.shape[2:4]
        rows = torch.arange(height, device=bboxes.device)
        columns = torch.arange(width, device=bboxes.device)
        corners = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1)  # (H, W, 2)
        bboxes = torch.cat([bboxes[..., :2] + corners, bboxes[..., 2:]], dim=-1)
        return bbox_cxcywh_to_xyxy(bboxes * self.strides[level]).flatten(1, 3)


def decode(logits: Tensor, anchors: Tensor) -> Tensor:
    """Decode boxes relative to their cells.

    Args:
        logits: (..., 4).
        anchors: Width and height in cells, broadcastable to (..., 2).

    Returns:
        (..., 4): centre, between -0.5 and 1.5, and size, up to 4 anchors, in cells.
    """
    reach = logits.sigmoid() * 2
    return torch.cat([reach[..., :2] - 0.5, reach[..., 2:] ** 2 * anchors], dim=-1)


def best_claim(target: Tensor, cells: tuple[Tensor, ...], quality: Tensor) -> Tensor:
    """Write `quality` at `cells`; where several boxes claim one, the best stands.

    A plain assignment would let any of them stand, on a GPU a different one in each run.
    """
    strides = target.stride()
    steps = zip(cells, strides, strict=True)
    flat = torch.stack([index * step for index, step in steps]).sum(dim=0)
    claimed = target.flatten().scatter_reduce(0, flat, quality, reduce="amax")
    return claimed.view_as(target)
