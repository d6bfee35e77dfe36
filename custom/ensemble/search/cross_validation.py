"""A way of choosing, scored on images that did not choose, beside another one, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.ensemble.comparison import Comparison, compare, interval
from custom.evaluation import Matches, Metric, bootstrap_metric, match_for, score_matches
from custom.tables import GroundTruth, Predictions
from custom.tables.predictions import concatenate

NUM_RESAMPLES = 2000


@dataclass(frozen=True, eq=False)
class CrossValidated:
    """The score of something chosen for the images of each inner fold without them.

    Attributes:
        matches: Of all images, each with what was chosen without its fold.
        metric: What decides.
    """

    matches: Matches
    metric: Metric

    @cached_property
    def value(self) -> float:
        """The cross-validated score."""
        return score_matches(self.matches, self.metric).value

    @cached_property
    def samples(self) -> FloatArray:
        """The same on resampled images, shape (R,); always of the same draws."""
        return bootstrap_metric(self.matches, self.metric, NUM_RESAMPLES)[:, -1]

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95% interval."""
        return interval(self.samples)

    def against(self, other: CrossValidated) -> Comparison:
        """Compare with something else on the same images."""
        return compare(self.value, other.value, self.samples, other.samples, self.metric)


def cross_validated(
    tables: Sequence[Predictions], folds: Sequence[IntArray], gt: GroundTruth, metric: Metric
) -> CrossValidated:
    """Put together what was chosen without each fold, and score all images at once.

    Different fusions give scores of different heights. So a box's score becomes its rank among all
    boxes of its class in its own table, which leaves the order there as it is.

    Args:
        tables: For each fold what was chosen without it, fused on all images.
        folds: Positions of the images of each fold.
        gt: The labelled images.
        metric: What decides.
    """
    ranked = {id(table): ranked_by_class(table) for table in tables}
    parts = [
        ranked[id(table)].take(positions) for table, positions in zip(tables, folds, strict=True)
    ]
    pooled = concatenate(parts, "cross-validated").aligned_to(gt.images.ids)
    return CrossValidated(match_for(gt, pooled, metric), metric)


def ranked_by_class(table: Predictions) -> Predictions:
    """Return the boxes with their rank as score: 1 / (1 + better boxes of the class an image)."""
    order = np.lexsort((-table.scores, table.labels))
    labels, scores = table.labels[order], table.scores[order]
    is_first = np.ones(len(order), bool)
    is_first[1:] = (labels[1:] != labels[:-1]) | (scores[1:] != scores[:-1])
    begins = np.searchsorted(labels, labels)
    # Equal scores have equal ranks.
    better = np.maximum.accumulate(np.where(is_first, np.arange(len(order)), 0)) - begins
    ranks = np.empty(len(order))
    ranks[order] = 1.0 / (1.0 + better / max(table.num_images, 1))
    return table.with_columns(scores=ranks)
