"""Fusing prepared tables with one fusion, or with one for each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from custom.ensemble.config import FusionConfig
from custom.ensemble.fusing import FusionResult, above_threshold, fuse_prepared, notes_on
from custom.errors import PodiumError
from custom.tables import Images, Predictions
from custom.tables.rows import group_by_image


def fuse_configs(
    configs: Sequence[FusionConfig], models: Sequence[Predictions], images: Images
) -> FusionResult:
    """Fuse prepared tables with one fusion, or with one for each class.

    With a fusion for each class, every class comes from its own.

    Raises:
        PodiumError: If weights and models do not fit, or there is a class without a fusion.
    """
    if len(configs) == 1:
        return _fuse(configs[0], models, images)
    highest = max(int(model.labels.max(initial=0)) for model in models)
    if highest >= len(configs):
        raise PodiumError(
            f"the recipe must have a fusion for each class, but has {len(configs)} and "
            f"there is a box with label {highest}"
        )
    tables: list[Predictions] = []
    notes: list[str] = []
    for config in dict.fromkeys(configs):
        fused = _fuse(config, models, images)
        labels = [label for label, each in enumerate(configs) if each == config]
        tables.append(fused.predictions.keep(np.isin(fused.predictions.labels, labels)))
        notes += fused.notes
    return FusionResult(_joined(tables), tuple(dict.fromkeys(notes)))


def _fuse(config: FusionConfig, models: Sequence[Predictions], images: Images) -> FusionResult:
    uncut = fuse_prepared(models, images.sizes_hw, replace(config, final_score_thr=0.0))
    fused, cut = above_threshold(uncut, config.final_score_thr)
    return FusionResult(fused, (*cut, *notes_on(uncut, config, len(models))))


def _joined(tables: Sequence[Predictions]) -> Predictions:
    """Return the boxes of several tables on the same images as one."""
    index = np.concatenate([table.image_index for table in tables])
    order, offsets = group_by_image(index, tables[0].num_images)
    bboxes, scores, labels = (
        np.concatenate([getattr(table, name) for table in tables])[order]
        for name in ("bboxes", "scores", "labels")
    )
    return Predictions(tables[0].image_ids, offsets, bboxes, scores, labels, source="fused")
