"""Pyramid convolution: one kernel that slides over space and over the levels of a pyramid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from mmcv.ops import deform_conv2d
from mmengine.model import BaseModule
from torch import Tensor, nn

# SEPC deforms its kernels only above the bottom of the pyramid.
FIRST_DEFORMABLE_LEVEL = 1


class LevelConv(nn.Module):
    """A convolution shared by all levels, deformable on all levels but the finest.

    Parameters are named as in a `DeformConv2d` with a bias: `weight`, `bias`, `conv_offset.*`, so
    that checkpoints of the original repository fit.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        padding: int = 1,
        deform: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels, kernel_size, kernel_size))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.conv_offset: nn.Conv2d | None = None
        if deform:
            offsets = 2 * kernel_size * kernel_size
            self.conv_offset = nn.Conv2d(in_channels, offsets, kernel_size, stride, padding)
        self.init_weights()

    def init_weights(self) -> None:
        """Draw the kernel; start from the undeformed grid."""
        nn.init.normal_(self.weight, std=0.01)
        nn.init.zeros_(self.bias)
        if self.conv_offset is not None:
            nn.init.zeros_(self.conv_offset.weight)
            nn.init.zeros_(self.conv_offset.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, level: int) -> Tensor:
        """Convolve the features of one level.

        Args:
            x: Shape (B, in_channels, H, W).
            level: Level of the output; the finest is 0.

        Returns:
            Shape (B, out_channels, H', W').
        """
        if self.conv_offset is None or level < FIRST_DEFORMABLE_LEVEL:
            return F.conv2d(x, self.weight, self.bias, self.stride, self.padding)
        return self._deform(x, self.conv_offset(x)) + self.bias[:, None, None]

    def _deform(self, x: Tensor, offset: Tensor) -> Tensor:
        """Deformable convolution that also takes maps smaller than its kernel.

        mmcv's operator refuses those. Zeros to the right and below do not change the values,
        because outside of the map it samples zeros anyway; what they add to the output is cut off.
        """
        height, width = offset.shape[-2:]
        missing_w = max(self.kernel_size - x.shape[-1], 0)
        missing_h = max(self.kernel_size - x.shape[-2], 0)
        if missing_w or missing_h:
            x = F.pad(x, (0, missing_w, 0, missing_h))
            grown_h, grown_w = (
                (size + 2 * self.padding - self.kernel_size) // self.stride + 1
                for size in x.shape[-2:]
            )
            offset = F.pad(offset, (0, grown_w - width, 0, grown_h - height))
        out = deform_conv2d(
            x.contiguous(), offset.contiguous(), self.weight, self.stride, self.padding
        )
        return out[..., :height, :width]


def integrated_norm(features: Sequence[Tensor], norm: nn.Module) -> list[Tensor]:
    """Normalise all levels of a pyramid with the statistics of all of them together.

    Args:
        features: One (B, C, H, W) map a level, sizes differing.
        norm: A batch norm over C channels.

    Returns:
        The normalised maps, shapes as given.

    Source: Wang et al. 2020, arXiv:2005.03101 (integrated batch normalization).
    """
    areas = [feature.shape[-2] * feature.shape[-1] for feature in features]
    flat = torch.cat([feature.flatten(2) for feature in features], dim=2)  # (B, C, sum of H*W)
    parts = norm(flat.unsqueeze(2)).squeeze(2).split(areas, dim=2)
    return [part.reshape(feature.shape) for part, feature in zip(parts, features, strict=True)]


class PyramidConv(BaseModule):
    """One pyramid convolution: each level sees itself and its two neighbours.

    `pconv` holds the three kernels: for the coarser neighbour (its result upsampled), for the
    level itself, and for the finer neighbour (stride 2).

    Args:
        in_channels: Channels of each level.
        out_channels: Channels of each level of the result.
        deform: Deform the kernels, except on the finest level.
        norm_cfg: Batch norm integrated over the levels; None for no norm.

    Source: Wang et al. 2020, arXiv:2005.03101.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        deform: bool = False,
        norm_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.pconv = nn.ModuleList(
            LevelConv(in_channels, out_channels, stride=stride, deform=deform)
            for stride in (1, 1, 2)
        )
        self.bn = None if norm_cfg is None else build_norm_layer(norm_cfg, out_channels)[1]

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Mix neighbouring levels.

        Args:
            features: One (B, in_channels, H, W) map a level, finest first, each half the last.

        Returns:
            As many maps, of `out_channels`, sizes as given, after norm and ReLU.
        """
        mixed = [self._mix(features, level) for level in range(len(features))]
        if self.bn is not None:
            mixed = integrated_norm(mixed, self.bn)
        return [F.relu(feature) for feature in mixed]

    def _mix(self, features: Sequence[Tensor], level: int) -> Tensor:
        from_coarser, from_same, from_finer = self.pconv
        mixed = from_same(features[level], level)
        if level > 0:
            mixed = mixed + from_finer(features[level - 1], level)
        if level < len(features) - 1:
            coarser = from_coarser(features[level + 1], level)
            mixed = mixed + F.interpolate(
                coarser, size=mixed.shape[-2:], mode="bilinear", align_corners=True
            )
        return mixed
