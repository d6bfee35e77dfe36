"""Parameters and arithmetic of a detector, for the table of detectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, islice
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
    with torch.no_grad(), plain_convolutions():
        if hasattr(detector, "forward_transformer"):
            flops = _flops_with_queries(detector, size)
        else:
            flops = _flops(lambda: _look(detector.to("meta"), size))
    return Complexity(parameters, flops / 1e9)


def _flops(look: Callable[[], object]) -> int:
    """Return the operations of a call."""
    counter = FlopCounterMode(display=False)
    with counter:
        look()
    return counter.get_total_flops()


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


def _flops_with_queries(detector: Any, size: int) -> float:
    """Return the operations of a DETR: its features' without values, its transformer's scaled.

    The transformer must be run for real, since its reference points are made from values. Its
    cost is so much a cell of the feature maps, beside what its queries cost, which are always as
    many: two small sizes tell the cost at any.
    """
    detector.backbone.to("meta")
    detector.neck.to("meta")
    # The queries are chosen from the cells, of which there must be as many.
    fitting = (s for s in count(64, 64) if _cells(_maps(detector, s)) >= detector.num_queries)
    (cells, cost), (more_cells, more_cost) = (_transformer(detector, s) for s in islice(fitting, 2))
    features: list[Tensor] = []
    flops = _flops(lambda: features.extend(_maps(detector, size)))
    by_cell = (more_cost - cost) / (more_cells - cells)
    return flops + cost + by_cell * (_cells(features) - cells)


def _transformer(detector: Any, size: int) -> tuple[int, int]:
    """Return how many cells the feature maps have at a size, and the transformer's operations."""
    shapes = dict.fromkeys(("img_shape", "batch_input_shape"), (size, size))
    features = tuple(torch.zeros(level.shape) for level in _maps(detector, size))

    def look() -> None:
        hidden = detector.forward_transformer(features, [DetDataSample(metainfo=shapes)])
        detector.bbox_head(hidden["hidden_states"], hidden["references"])

    return _cells(features), _flops(look)


def _maps(detector: Any, size: int) -> Sequence[Tensor]:
    """Return the feature maps of a detector whose backbone has no values: shapes alone."""
    return detector.extract_feat(torch.empty(1, 3, size, size, device="meta"))


def _cells(features: Sequence[Tensor]) -> int:
    return sum(level.shape[-2] * level.shape[-1] for level in features)


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
