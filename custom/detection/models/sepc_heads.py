"""Dense heads that read the two outputs of SEPC instead of one shared map."""

from __future__ import annotations

from mmcv.cnn import Scale
from mmdet.models.dense_heads import ATSSHead, GFLHead
from mmdet.registry import MODELS
from torch import Tensor, nn


def _tower(convs: nn.ModuleList, feature: Tensor) -> Tensor:
    for conv in convs:
        feature = conv(feature)
    return feature


@MODELS.register_module()
class GFLSEPCHead(GFLHead):
    """GFL head on SEPC's pairs of maps; usually without towers (`stacked_convs=0`)."""

    def forward_single(self, x: tuple[Tensor, Tensor], scale: Scale) -> tuple[Tensor, Tensor]:
        """Predict on one level.

        Args:
            x: The map for the classes and the map for the boxes.
            scale: Learned factor of this level.

        Returns:
            Class scores (B, C, H, W) and distributions (B, 4 * (reg_max + 1), H, W), both logits.
        """
        classes, boxes = x
        cls_score = self.gfl_cls(_tower(self.cls_convs, classes))
        bbox_pred = scale(self.gfl_reg(_tower(self.reg_convs, boxes))).float()
        return cls_score, bbox_pred


@MODELS.register_module()
class ATSSSEPCHead(ATSSHead):
    """ATSS head on SEPC's pairs of maps; usually without towers (`stacked_convs=0`)."""

    def forward_single(
        self, x: tuple[Tensor, Tensor], scale: Scale
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Predict on one level.

        Args:
            x: The map for the classes and the map for the boxes.
            scale: Learned factor of this level.

        Returns:
            Class scores (B, A * C, H, W), box deltas (B, A * 4, H, W), centerness (B, A, H, W).
        """
        classes, boxes = x
        boxes = _tower(self.reg_convs, boxes)
        cls_score = self.atss_cls(_tower(self.cls_convs, classes))
        bbox_pred = scale(self.atss_reg(boxes)).float()
        return cls_score, bbox_pred, self.atss_centerness(boxes)
