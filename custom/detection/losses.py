"""Label smoothing for heads that classify by softmax."""

from __future__ import annotations

from typing import Any

import torch
from mmdet.models.losses import CrossEntropyLoss
from mmdet.models.losses.utils import weight_reduce_loss
from mmdet.registry import MODELS
from torch.nn import functional as F

from custom.errors import PodiumError


@MODELS.register_module()
class SmoothedCrossEntropyLoss(CrossEntropyLoss):
    """MMDetection's softmax cross-entropy against smoothed targets.

    The true class gets `1 - label_smoothing` and all classes, background included, share the
    rest equally. It takes the place of `CrossEntropyLoss` in `loss_cls` of a box head.

    Args:
        label_smoothing: In [0, 1).
        **kwargs: As in MMDetection's `CrossEntropyLoss`; not `use_sigmoid` nor `use_mask`.

    Source: Szegedy et al. 2016, arXiv:1512.00567, section 7.
    """

    def __init__(self, label_smoothing: float = 0.1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 <= label_smoothing < 1:
            raise PodiumError(f"label_smoothing must be in [0, 1), but is {label_smoothing}")
        if self.use_sigmoid or self.use_mask:
            raise PodiumError("SmoothedCrossEntropyLoss is for heads that classify by softmax")
        self.label_smoothing = label_smoothing

    def forward(
        self,
        cls_score: torch.Tensor,
        label: torch.Tensor,
        weight: torch.Tensor | None = None,
        avg_factor: float | None = None,
        reduction_override: str | None = None,
        ignore_index: int | None = None,
        **kwargs: Any,
    ) -> torch.Tensor:
        """Return the loss of logits (N, C) against labels (N,)."""
        ignore = self.ignore_index if ignore_index is None else ignore_index
        loss = F.cross_entropy(
            cls_score,
            label,
            weight=None if self.class_weight is None else cls_score.new_tensor(self.class_weight),
            reduction="none",
            ignore_index=-100 if ignore is None else ignore,
            label_smoothing=self.label_smoothing,
        )
        weight = None if weight is None else weight.float()
        reduction = reduction_override or self.reduction
        return self.loss_weight * weight_reduce_loss(loss, weight, reduction, avg_factor)
