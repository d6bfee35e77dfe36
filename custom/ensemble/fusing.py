"""Fusing prepared tables of a whole data set into one, with the compiled kernels on all cores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from custom.boxes import IntArray
from custom.compiled.threads import over_ranges
from custom.ensemble.config import FusionConfig
from custom.ensemble.kernels import rows
from custom.ensemble.kernels.common import Pool
from custom.ensemble.methods import DECAY_SCORES
from custom.submission.checks.values import SCORE_TOLERANCE
from custom.tables import Predictions
from custom.tables.rows import offsets_of


@dataclass(frozen=True)
class FusionResult:
    """A fused table, and what was changed or noticed on the way.

    Attributes:
        predictions: The fused boxes, on the images in the order of the list.
        notes: Sentences for the user: what was clipped or dropped, what became of scores.
    """

    predictions: Predictions
    notes: tuple[str, ...]


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
    fuse_with = fuse_tables
    if config.backend == "reference":
        from custom.ensemble.reference import fuse_reference as fuse_with
    fused = fuse_with(models, known_hw, config, weights)
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


class _Pool:
    """All models' boxes together, image by image, in arrays that the kernels fuse in place.

    Attributes:
        offsets: Shape (I+1,), the rows of each image before fusing.
        counts: Shape (I,), how many of an image's rows, from its first, hold boxes now.
    """

    def __init__(
        self, models: Sequence[Predictions], config: FusionConfig, weights: Sequence[float]
    ) -> None:
        self.config, self.weights = config, np.array(weights)
        self.counts = np.zeros(models[0].num_images, np.int64)
        for model in models:
            arguments = (model.offsets, model.scores, config.skip_box_thr, self.counts)
            self._over_images(rows.count_rows, model.num_boxes, *arguments)
        self.offsets = offsets_of(self.counts)
        num_rows = int(self.offsets[-1])
        self.bboxes = np.empty((num_rows, 4))
        self.scores = np.empty(num_rows)
        self.labels = np.empty(num_rows, np.int64)
        self.models = np.empty(num_rows, np.int16)
        self._fill(models)

    def _fill(self, models: Sequence[Predictions]) -> None:
        cursor = self.offsets[:-1].copy()
        target = (cursor, self.bboxes, self.scores, self.labels, self.models)
        for index, (factor, divisor) in enumerate(self._factors()):
            model = models[index]
            source = (model.offsets, model.bboxes, model.scores, model.labels)
            settings = (self.config.skip_box_thr, index, factor, divisor)
            self._over_images(rows.gather_rows, model.num_boxes, *source, *settings, *target)

    def _factors(self) -> list[tuple[float, float]]:
        """Return what each model's scores are multiplied with, then divided by."""
        weights, divisor = self.weights, 1.0
        if self.config.row.scales_by == "largest":
            weights = weights / weights.max()
        elif self.config.row.scales_by == "sum" and self.config.weights is not None:
            divisor = float(weights.sum())
        return [(float(weight), divisor) for weight in weights]

    def _over_images(self, kernel: Callable[..., None], work: int, *arguments: Any) -> None:
        """Run a kernel over all images; each writes only to its own rows."""
        over_ranges(kernel, len(self.counts), work, *arguments)

    def order(self) -> npt.NDArray[np.int32]:
        """Return the rows of each image by label and, but for soft-NMS, by falling score."""
        order = np.empty(len(self.scores), np.int32)
        tied = np.zeros(len(self.scores), np.int32)
        num_labels = int(self.labels.max(initial=0)) + 1
        row = self.config.row
        settings = (num_labels, self.config.class_agnostic, row.by_score)
        arguments = (self.offsets, self.scores, self.labels, *settings, order, tied)
        self._over_images(rows.order_rows, len(order), *arguments)
        if row.breaks_ties_as_numpy:
            self._order_ties(order, tied)
        return order

    def _order_ties(self, order: npt.NDArray[np.int32], tied: npt.NDArray[np.int32]) -> None:
        """Order groups with equal scores as the reference does: as numpy's argsort, reversed.

        Numpy's sort is not stable, so which of several equal boxes comes first can only be had
        from it; NMS in the reference sorts with numba, as the kernel did.
        """
        begins = np.flatnonzero(tied)
        starts = self.offsets[np.searchsorted(self.offsets, begins, side="right") - 1]
        for begin, start in zip(begins.tolist(), starts.tolist(), strict=True):
            group = slice(begin, begin + int(tied[begin]))
            as_given = np.sort(order[group])
            order[group] = as_given[self.scores[start + as_given].argsort()[::-1]]

    def fuse(self, sizes_hw: IntArray) -> None:
        """Run the method: each image's results replace its first rows, and are counted."""
        row, columns = self.config.row, (self.bboxes, self.scores, self.labels)
        models = (self.models, self.weights, self.config.class_agnostic)
        pool = Pool(self.offsets, self.order(), sizes_hw, *columns, *models, self.counts)
        self._over_images(row.load(), len(self.scores), pool, *row.settings(self.config))

    def table(self, image_ids: IntArray) -> Predictions:
        """Return the results as a table; the rows are moved together and cut in place."""
        offsets = offsets_of(self.counts)
        found = int(offsets[-1])
        rows.compact_rows(self.offsets, offsets, self.bboxes, self.scores, self.labels)
        bboxes, scores, labels = self.bboxes[:found], self.scores[:found], self.labels[:found]
        if 2 * found < len(self.scores):  # a view would keep the longer arrays alive
            bboxes, scores, labels = bboxes.copy(), scores.copy(), labels.copy()
        return Predictions(image_ids, offsets, bboxes, scores, labels, source="fused")


def fuse_tables(
    models: Sequence[Predictions],
    sizes_hw: IntArray,
    config: FusionConfig,
    weights: Sequence[float],
) -> Predictions:
    """Fuse tables that were checked and list the same images in the same order.

    The result does not depend on the number of threads.

    Args:
        models: One table per model.
        sizes_hw: Shape (I, 2), the images' height and width, above 0.
        config: The method and its parameters.
        weights: One per model, checked; none is zero.
    """
    pool = _Pool(models, config, weights)
    pool.fuse(sizes_hw)
    return pool.table(models[0].image_ids)
