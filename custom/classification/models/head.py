"""The head of a classifier: dropout, and one linear layer or a few."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from custom.classification.models.losses import sigmoid_loss, softmax_loss
from custom.errors import PodiumError


@MODELS.register_module()
class ClassHead(BaseModule):
    """From features to one probability a class.

    Args:
        num_classes: Number of classes; the competition's are put in.
        in_channels: Features that come in; the model puts its backbone's in.
        hidden: Widths of the layers before the last, each with ReLU; none for one linear layer.
        dropout: Before each linear layer.
        exclusive: Classes exclude each other (softmax); else each is a question of its own
            (sigmoid). The competition says it.
        label_smoothing: In [0, 1).
        init_cfg: As in MMEngine.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        hidden: Sequence[int] = (),
        dropout: float = 0.3,
        exclusive: bool = False,
        label_smoothing: float = 0.0,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(init_cfg)
        for name, value in (("dropout", dropout), ("label_smoothing", label_smoothing)):
            if not 0 <= value < 1:
                raise PodiumError(f"{name} of a head must be in [0, 1), but is {value}")
        self.exclusive, self.label_smoothing = exclusive, label_smoothing
        layers: list[nn.Module] = []
        for inner, outer in pairwise((in_channels, *hidden)):
            layers += [nn.Dropout(dropout), nn.Linear(inner, outer), nn.ReLU()]
        self.hidden = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear((in_channels, *hidden)[-1], num_classes)

    def forward(self, features: Tensor) -> Tensor:
        """Return logits (N, C) of features (N, in_channels)."""
        return self.fc(self.dropout(self.hidden(features)))

    def loss(self, logits: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Return the loss of logits against targets, both (N, C); -1 is unknown."""
        loss = softmax_loss if self.exclusive else sigmoid_loss
        return {"loss_cls": loss(logits.float(), targets, self.label_smoothing)}

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return probabilities (N, C)."""
        logits = logits.float()
        return torch.softmax(logits, dim=1) if self.exclusive else torch.sigmoid(logits)
