"""The path aggregation network of YOLOv5: YOLOX kept it, and added output convolutions."""

from __future__ import annotations

from collections.abc import Sequence

from mmdet.models.necks import YOLOXPAFPN
from mmdet.registry import MODELS
from torch import nn

from custom.detection.models.yolov5.backbone import ACTIVATION, NORM


@MODELS.register_module()
class YOLOv5PAFPN(YOLOXPAFPN):
    """Top-down, then bottom-up; the outputs have the channels of the inputs.

    Args:
        in_channels: Channels of the three levels, finest first.
        num_csp_blocks: Bottlenecks in each C3: 1 for s, 3 for l.
    """

    def __init__(self, in_channels: Sequence[int], num_csp_blocks: int = 3) -> None:
        super().__init__(
            in_channels=in_channels,
            out_channels=in_channels[0],
            num_csp_blocks=num_csp_blocks,
            norm_cfg=NORM,
            act_cfg=ACTIVATION,
        )
        self.out_convs = nn.ModuleList(nn.Identity() for _ in in_channels)
