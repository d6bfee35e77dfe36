"""Fusing the models' predictions of a whole data set into one table."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from custom.boxes import IntArray
from custom.ensemble.config import FusionConfig
from custom.ensemble.methods import DECAY_SCORES
from custom.ensemble.preparing import find_duplicating, prepare
from custom.submission.checks.values import SCORE_TOLERANCE
from custom.tables import Images, Predictions

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FusionResult:
    """A fused table, and what was changed or noticed on the way.

    Attributes:
        predictions: The fused boxes, on the images in the order of the list.
        notes: Sentences for the user: what was clipped or dropped, what became of scores.
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
    prepared, notes = prepare(models, images, clip, drop_degenerate, dedupe)
    notes += find_duplicating(prepared, config)
    uncut = fuse_prepared(prepared, images.sizes_hw, replace(config, final_score_thr=0.0))
    fused, cut = above_threshold(uncut, config.final_score_thr)
    return FusionResult(fused, (*notes, *cut, *notes_on(uncut, config, len(models))))


def notes_on(fused: Predictions, config: FusionConfig, num_models: int) -> list[str]:
    """Return what is to be known of fused scores."""
    notes = []
    if config.row.has(DECAY_SCORES) and not config.decay_scores:
        notes.append(
            "soft-NMS returned the scores that came in, as ensemble-boxes does, so repeats rank as "
            "high as before; use --decay-scores for those that it lowered"
        )
    if (greatest := _greatest_score(config, num_models)) > 1.0 and not config.raw_scores:
        notes.append(
            f"scores were divided by {greatest:.3g}, the greatest that these weights can give; "
            "--raw-scores keeps them"
        )
    if (above := int((fused.scores > 1.0 + SCORE_TOLERANCE).sum())) > 0:
        notes.append(f"{above} fused scores are above 1, the highest {fused.scores.max():.3f}")
    return notes


def fuse_prepared(
    models: Sequence[Predictions], sizes_hw: IntArray, config: FusionConfig
) -> Predictions:
    """Fuse tables that `prepare` returned, without checking them again.

    A model with a weight of zero is left out, as if it had not been given. Scores that weights
    lift above 1 are rescaled by the greatest that they can give, unless `raw_scores` keeps them.
    """
    weights = config.weights_for(len(models))
    if not all(weights):
        models = [model for model, weight in zip(models, weights, strict=True) if weight]
        weights = tuple(weight for weight in weights if weight)
        config = replace(config, weights=weights)
    known_hw = np.where(sizes_hw > 0, sizes_hw, 1)
    if config.backend == "reference":
        from custom.ensemble.reference import fuse_reference as fuse_tables
    else:
        from custom.ensemble.engine import fuse_tables
    fused = fuse_tables(models, known_hw, config, weights)
    if not config.raw_scores and (greatest := _greatest_score(config, len(models))) > 1.0:
        fused = fused.with_columns(scores=fused.scores / greatest)
    return above_threshold(fused, config.final_score_thr)[0]


def _greatest_score(config: FusionConfig, num_models: int) -> float:
    """Return the greatest score that a fusion can give to boxes of scores up to 1.

    WBF multiplies the mean weighted score of a cluster by its number of boxes, which counts up to
    the number of models, and divides by the sum of the weights: one model with several boxes in a
    cluster has its weight counted that often. Nothing else of what there is exceeds 1, but
    `allows_overflow`, whose greatest score is not bounded.
    """
    if config.weights is None or config.method != "wbf" or config.conf_type != "avg":
        return 1.0
    used = [weight for weight in config.weights if weight]
    return max(1.0, max(used) * len(used) / sum(used))


def above_threshold(table: Predictions, score_thr: float) -> tuple[Predictions, list[str]]:
    """Return the boxes of a score or more, and a note where some are left out."""
    kept = table.scores >= score_thr
    if kept.all():
        return table, []
    note = f"{(~kept).sum()} of {len(kept)} boxes are below the score threshold {score_thr:g}"
    return table.keep(kept), [f"{note} and left out"]
