"""Parameters and arithmetic of a detector, for the table of leaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import torch
import torch.nn.functional as F
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class Complexity:
    """Size and cost of a detector.

    Attributes:
        parameters: Learned numbers.
        gflops: Billions of floating point operations to look at one image, two a multiply-add.
    """

    parameters: int
    gflops: float


def measure(model: Any, size: int) -> Complexity:
    """Build a detector and count, without its weights being needed.

    Counted by torch's FlopCounterMode: convolutions and matrix products, not norms, activations,
    sampling or NMS. A deformable convolution counts as the plain one of its shape. Second stages
    count for as many proposals as they are tested with.

    Args:
        model: The `model` of a config.
        size: Height and width of the image in pixels.
    """
    detector: Any = MODELS.build(model).eval()
    parameters = sum(parameter.numel() for parameter in detector.parameters())
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), plain_convolutions(), counter:
        if hasattr(detector, "forward_transformer"):
            _look_with_queries(detector, size)
        else:
            _look(detector.to("meta"), size)
    return Complexity(parameters, counter.get_total_flops() / 1e9)


def _look(detector: Any, size: int) -> None:
    """Run all that has weights on one image, on tensors without memory."""
    features = detector.extract_feat(torch.empty(1, 3, size, size, device="meta"))
    if not hasattr(detector, "roi_head"):
        detector.bbox_head(features)
        return
    detector.rpn_head(features)
    extractor = detector.roi_head.bbox_roi_extractor[0]
    pooled = extractor.roi_layers[0].output_size
    proposals = detector.test_cfg.rpn.max_per_img
    for head in detector.roi_head.bbox_head:
        head(torch.empty(proposals, extractor.out_channels, *pooled, device="meta"))


def _look_with_queries(detector: Any, size: int) -> None:
    """Run a DETR for real: its reference points are made from values, not from shapes alone."""
    shapes = dict.fromkeys(("img_shape", "batch_input_shape"), (size, size))
    features = detector.extract_feat(torch.zeros(1, 3, size, size))
    hidden = detector.forward_transformer(features, [DetDataSample(metainfo=shapes)])
    detector.bbox_head(hidden["hidden_states"], hidden["references"])


@contextmanager
def plain_convolutions() -> Iterator[None]:
    """Replace deformable convolutions, which torch can not count, by plain ones of their shape."""

    def plain(
        x: Tensor,
        offset: Tensor,
        weight: Tensor,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        *_: Any,
    ) -> Tensor:
        return F.conv2d(x, weight, None, stride, padding, dilation, groups)

    with (
        mock.patch("mmcv.ops.deform_conv.deform_conv2d", plain),
        mock.patch("custom.detection.models.pyramid_conv.deform_conv2d", plain),
    ):
        yield
