"""The losses of classifiers: targets from 0 to 1, and -1 where nobody knows."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

UNKNOWN = -1.0


def sigmoid_loss(logits: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    """Return the mean binary cross-entropy over what is known.

    Args:
        logits: Shape (N, C).
        targets: Shape (N, C), 0 to 1; -1 is unknown and teaches nothing.
        smoothing: A target t becomes `t (1 - smoothing) + smoothing / 2`.
    """
    known = targets != UNKNOWN
    smoothed = targets.clamp(min=0) * (1 - smoothing) + smoothing / 2
    each = F.binary_cross_entropy_with_logits(logits, smoothed, reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1)


def softmax_loss(logits: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    """Return the mean cross-entropy over the rows whose class is known.

    Args:
        logits: Shape (N, C).
        targets: Shape (N, C), rows that add up to 1; a row with -1 is unknown.
        smoothing: A target t becomes `t (1 - smoothing) + smoothing / C`.
    """
    known = (targets != UNKNOWN).all(dim=1)
    smoothed = targets.clamp(min=0) * (1 - smoothing) + smoothing / targets.shape[1]
    each = -(smoothed * torch.log_softmax(logits, dim=1)).sum(dim=1)
    return (each * known).sum() / known.sum().clamp(min=1)
