"""The reference backend: ensemble-boxes itself, image by image, behind the same interface."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from custom.boxes import IntArray
from custom.ensemble.config import FusionConfig
from custom.tables import Predictions
from custom.tables.rows import offsets_of


def fuse_reference(
    models: Sequence[Predictions],
    sizes_hw: IntArray,
    config: FusionConfig,
    weights: Sequence[float],
) -> Predictions:
    """Fuse checked tables with ensemble-boxes 1.0.9; arguments as `fusing.fuse_tables`."""
    call = _call(config)  # which has the weights, where some are set
    parts = []
    for image in range(models[0].num_images):
        scale = np.tile(sizes_hw[image, ::-1], 2).astype(np.float64)
        inputs = [_inputs(model, image, scale, config.skip_box_thr) for model in models]
        if not any(len(scores) for _, scores, _ in inputs):
            parts.append((np.zeros((0, 4)), np.zeros(0), np.zeros(0)))  # its NMS crashes on none
            continue
        bboxes, scores, labels = call(*(list(column) for column in zip(*inputs, strict=True)))
        parts.append((bboxes * scale, scores, labels))
    offsets = offsets_of(np.array([len(scores) for _, scores, _ in parts], np.int64))
    bboxes, scores, labels = (np.concatenate([part[i] for part in parts]) for i in range(3))
    return Predictions(models[0].image_ids, offsets, bboxes, scores, labels, source="fused")


def _inputs(model: Predictions, image: int, scale: np.ndarray, skip_box_thr: float) -> tuple:
    """Return one model's boxes, 0 to 1, scores and labels on one image."""
    rows = model.rows(image)
    kept = model.scores[rows] >= skip_box_thr
    return model.bboxes[rows][kept] / scale, model.scores[rows][kept], model.labels[rows][kept]


def _call(config: FusionConfig) -> Callable[..., Any]:
    """Return the reference's function for a method, as one of boxes, scores and labels."""
    import ensemble_boxes

    function = getattr(ensemble_boxes, config.row.reference)
    arguments = config.row.reference_arguments(config)
    return lambda *inputs: function(*inputs, **arguments)
