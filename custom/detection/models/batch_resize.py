"""Resizing whole batches: a size for every few iterations, which a restart does not change."""

from __future__ import annotations

import random
from typing import Any

from mmdet.models.data_preprocessors import BatchSyncRandomResize
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.logging import MessageHub
from torch import Tensor

from custom.training.seeding.generators import derive_seed


@MODELS.register_module()
class SeededBatchResize(BatchSyncRandomResize):
    """MMDetection's `BatchSyncRandomResize`, whose size is a function of seed and iteration.

    MMDetection draws a size at every `interval`-th iteration and keeps it in the module, so that a
    training resumed in between goes on with another size. As there, the first `interval`
    iterations have the images' own size.

    Args: as in MMDetection's `BatchSyncRandomResize`.
    """

    def forward(
        self, inputs: Tensor, data_samples: list[DetDataSample]
    ) -> tuple[Tensor, list[DetDataSample]]:
        """Resize a batch, shape (B, C, H, W), and its boxes."""
        hub = MessageHub.get_current_instance()
        block = int(hub.get_info("iter", 0)) // self._interval
        height, width = inputs.shape[-2:]
        self._input_size = (height, width)
        if block > 0:
            draw = random.Random(derive_seed(hub.get_info("seed", 0), "batch size", block))
            side = draw.randint(*self._random_size_range)
            across = int(width / height * side)
            self._input_size = (self._size_divisor * side, self._size_divisor * across)
        return super().forward(inputs, data_samples)

    def _get_random_size(self, *args: Any, **kwargs: Any) -> tuple[int, int]:
        """Keep the size: the next one is drawn when its iterations come."""
        return self._input_size
