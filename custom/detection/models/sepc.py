"""SEPC: the scale-equalizing pyramid convolution, a neck with two outputs a level."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from custom.detection.models.pyramid_conv import LevelConv, PyramidConv, integrated_norm

BATCH_NORM = {"type": "BN", "requires_grad": True}


@MODELS.register_module()
class SEPC(BaseModule):
    """Stacked pyramid convolutions, then one convolution each for classes and for boxes.

    Stands behind an FPN, in a list of necks; `GFLSEPCHead` and `ATSSSEPCHead` read its pairs.
    Module names and shapes are those of the UniverseNet repository, whose checkpoints therefore
    load.

    Args:
        in_channels: Channels of each level that comes in.
        out_channels: Channels of each level that goes out.
        stacked_convs: Number of pyramid convolutions; at least 1.
        pconv_deform: Deformable pyramid convolutions. Slow on a CPU.
        lcconv_deform: Deformable last convolutions. Slow on a CPU.
        ibn: Integrated batch norm. Wants four images a device or more, unless `norm_eval`.
        norm_cfg: The batch norm to integrate.
        norm_eval: Keep the running statistics of the batch norms as they are.
        pnorm_eval: The same for those of the pyramid convolutions alone; `norm_eval` if None.
            UniverseNet's configs name it, and the next.
        lcnorm_eval: As `norm_eval`, of which it takes the place unless it is None.
        lcconv_padding: Padding of the last convolutions; with 0, as in the paper's own code, each
            map loses a pixel on each side, so that the image must be large enough for the
            coarsest level to have three.

    Source: Wang et al. 2020, arXiv:2005.03101; Shinya 2021, arXiv:2103.14027 (UniverseNet).
    """

    def __init__(
        self,
        in_channels: int = 256,
        out_channels: int = 256,
        stacked_convs: int = 4,
        pconv_deform: bool = False,
        lcconv_deform: bool = False,
        ibn: bool = False,
        norm_cfg: dict[str, Any] | None = None,
        norm_eval: bool = False,
        pnorm_eval: bool | None = None,
        lcnorm_eval: bool | None = None,
        lcconv_padding: int = 0,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        norm = (norm_cfg or BATCH_NORM) if ibn else None
        self.norm_eval = norm_eval if lcnorm_eval is None else lcnorm_eval
        self.pnorm_eval = norm_eval if pnorm_eval is None else pnorm_eval
        channels = [in_channels] + [out_channels] * stacked_convs
        self.pconvs = nn.ModuleList(
            PyramidConv(before, after, pconv_deform, norm) for before, after in pairwise(channels)
        )
        self.lconv, self.cconv = (
            LevelConv(out_channels, out_channels, padding=lcconv_padding, deform=lcconv_deform)
            for _ in range(2)
        )
        self.bn_loc, self.bn_cls = (
            None if norm is None else build_norm_layer(norm, out_channels)[1] for _ in range(2)
        )

    def forward(self, features: Sequence[Tensor]) -> tuple[tuple[Tensor, Tensor], ...]:
        """Equalize the scales of a pyramid.

        Args:
            features: One (B, in_channels, H, W) map a level, finest first.

        Returns:
            A pair a level: features for the classes and features for the boxes.
        """
        for pconv in self.pconvs:
            features = pconv(features)
        classes = self._last(features, self.cconv, self.bn_cls)
        boxes = self._last(features, self.lconv, self.bn_loc)
        return tuple(zip(classes, boxes, strict=True))

    @staticmethod
    def _last(features: Sequence[Tensor], conv: nn.Module, norm: nn.Module | None) -> list[Tensor]:
        out = [conv(feature, level) for level, feature in enumerate(features)]
        if norm is not None:
            out = integrated_norm(out, norm)
        return [F.relu(feature) for feature in out]

    def train(self, mode: bool = True) -> SEPC:
        """Switch the mode; batch norms stay in evaluation mode where the arguments say so."""
        super().train(mode)
        kept = self if self.norm_eval else self.pconvs if self.pnorm_eval else None
        for module in kept.modules() if mode and kept is not None else ():
            if isinstance(module, _BatchNorm):
                module.eval()
        return self
