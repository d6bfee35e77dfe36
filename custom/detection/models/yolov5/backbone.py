"""The CSP backbone of YOLOv5 (release 6 and later): a 6x6 stem, C3 blocks, SPPF at the end."""

from __future__ import annotations

from typing import Any

import torch
from mmcv.cnn import ConvModule
from mmdet.models.layers import CSPLayer
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

NORM = {"type": "BN", "momentum": 0.03, "eps": 0.001}
ACTIVATION = {"type": "SiLU", "inplace": True}
CHANNELS = (64, 128, 256, 512, 1024)  # stem and four stages, at width 1
BLOCKS = (3, 6, 9, 3)  # bottlenecks of the four stages, at depth 1


def conv(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> ConvModule:
    """Build a convolution without bias, its batch norm and SiLU; padding as for "same"."""
    return ConvModule(
        in_channels,
        out_channels,
        kernel_size,
        stride,
        padding=(kernel_size - 1) // 2,
        norm_cfg=NORM,
        act_cfg=ACTIVATION,
    )


class SPPF(BaseModule):
    """Spatial pyramid pooling, fast: three chained pools of 5 instead of pools of 5, 9 and 13."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        hidden = in_channels // 2
        self.conv1 = conv(in_channels, hidden, 1)
        self.pool = nn.MaxPool2d(kernel_size=5, stride=1, padding=2)
        self.conv2 = conv(4 * hidden, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Pool at four ranges; the size stays."""
        pooled = [self.conv1(x)]
        for _ in range(3):
            pooled.append(self.pool(pooled[-1]))
        return self.conv2(torch.cat(pooled, dim=1))


@MODELS.register_module()
class YOLOv5Backbone(BaseModule):
    """Stem and four stages; hands out strides 8, 16 and 32.

    Args:
        depth: Factor on the number of bottlenecks: 0.33 for s, 1.0 for l.
        width: Factor on the channels: 0.5 for s, 1.0 for l.
    """

    def __init__(
        self, depth: float = 1.0, width: float = 1.0, init_cfg: dict[str, Any] | None = None
    ) -> None:
        super().__init__(init_cfg)
        channels = [round(channel * width) for channel in CHANNELS]
        self.stem = ConvModule(
            3, channels[0], 6, stride=2, padding=2, norm_cfg=NORM, act_cfg=ACTIVATION
        )
        stages = zip(channels, channels[1:], BLOCKS, strict=False)
        for number, (before, after, blocks) in enumerate(stages, start=1):
            layers: list[nn.Module] = [
                conv(before, after, 3, stride=2),
                CSPLayer(
                    after,
                    after,
                    num_blocks=max(round(blocks * depth), 1),
                    norm_cfg=NORM,
                    act_cfg=ACTIVATION,
                ),
            ]
            if number == len(BLOCKS):
                layers.append(SPPF(after, after))
            self.add_module(f"stage{number}", nn.Sequential(*layers))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Compute the features.

        Args:
            x: Images, shape (B, 3, H, W), RGB in [0, 1].

        Returns:
            Maps at strides 8, 16 and 32.
        """
        x = self.stage1(self.stem(x))
        c3 = self.stage2(x)
        c4 = self.stage3(c3)
        return c3, c4, self.stage4(c4)
