"""Fusing the models' predictions of a whole data set into one table."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from custom.boxes import IntArray
from custom.ensemble import duplicates
from custom.ensemble.checks import prepare
from custom.ensemble.config import FusionConfig
from custom.ensemble.methods import DECAY_SCORES
from custom.tables import Images, Predictions

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FusionResult:
    """A fused table, and what was changed or noticed on the way.

    Attributes:
        predictions: The fused boxes, on the images in the order of the list.
        notes: Sentences for the user: what was clipped or dropped, scores above 1.
    """

    predictions: Predictions
    notes: tuple[str, ...]


def fuse(models: Sequence[Predictions], images: Images, config: FusionConfig) -> Predictions:
    """Fuse tables after checking them; notes go to the log. See `fuse_with_notes`."""
    result = fuse_with_notes(models, images, config)
    for note in result.notes:
        logger.warning("%s", note)
    return result.predictions


def fuse_with_notes(
    models: Sequence[Predictions],
    images: Images,
    config: FusionConfig,
    clip: bool = False,
    drop_degenerate: bool = False,
    dedupe: bool = False,
) -> FusionResult:
    """Check tables and fuse them.

    Boxes of WBF and NMW are ordered by falling score in each image, those of the NMS family by
    label and then by the score that decided.

    Args:
        models: One table per model, on exactly the images of `images`, in any order.
        images: The images, with sizes.
        config: The method and its parameters.
        clip: Limit boxes to their images however far they leave them.
        drop_degenerate: Leave out boxes with x2 <= x1 or y2 <= y1.
        dedupe: Leave out boxes that repeat a better one of the same model.

    Raises:
        PodiumError: If tables, images and weights do not fit, or a box is wrong.
    """
    config.weights_for(len(models))
    prepared, notes = prepare(models, images, clip, drop_degenerate)
    if dedupe:
        prepared = [_deduped(model, notes) for model in prepared]
    notes += duplicates.find_duplicating(prepared, config)
    fused = fuse_prepared(prepared, images.sizes_hw, replace(config, final_score_thr=0.0))
    fused, cut = above_threshold(fused, config.final_score_thr)
    notes += cut
    if config.row.has(DECAY_SCORES) and not config.decay_scores:
        notes.append(
            "soft-NMS returned the scores that came in, as ensemble-boxes does, so repeats rank as "
            "high as before; use --decay-scores for those that it lowered"
        )
    if (above := int((fused.scores > 1.0).sum())) > 0:
        notes.append(
            f"{above} fused scores are above 1, the highest {fused.scores.max():.3f}: a model has "
            "several boxes in a cluster; deduplicate it, or use conf_type box_and_model_avg"
        )
    return FusionResult(fused, tuple(notes))


def _deduped(model: Predictions, notes: list[str]) -> Predictions:
    """Return the table without the model's own duplicates, counted in a note."""
    kept = duplicates.dedupe(model)
    if (gone := model.num_boxes - kept.num_boxes) > 0:
        notes.append(f"{model.source}: {gone} duplicates of {model.num_boxes} boxes were dropped")
    return kept


def fuse_prepared(
    models: Sequence[Predictions], sizes_hw: IntArray, config: FusionConfig
) -> Predictions:
    """Fuse tables that `prepare` returned, without checking them again.

    A model with a weight of zero is left out, as if it had not been given.
    """
    weights = config.weights_for(len(models))
    if not all(weights):
        models = [model for model, weight in zip(models, weights, strict=True) if weight]
        config = replace(config, weights=tuple(weight for weight in weights if weight))
    known_hw = np.where(sizes_hw > 0, sizes_hw, 1)
    if config.backend == "reference":
        from custom.ensemble.reference import fuse_reference as fuse_tables
    else:
        from custom.ensemble.engine import fuse_tables
    return above_threshold(fuse_tables(models, known_hw, config), config.final_score_thr)[0]


def above_threshold(table: Predictions, score_thr: float) -> tuple[Predictions, list[str]]:
    """Return the boxes of a score or more, and a note where some are left out."""
    kept = table.scores >= score_thr
    if kept.all():
        return table, []
    note = f"{(~kept).sum()} of {len(kept)} boxes are below the score threshold {score_thr:g}"
    return table.keep(kept), [f"{note} and left out"]
