"""What a fusion scores: on all val images, without one inner fold of them, and on that fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np

from custom.boxes import FloatArray, IntArray
from custom.ensemble.config import FusionConfig
from custom.ensemble.fusing import fuse_prepared
from custom.ensemble.per_class import fuse_configs
from custom.ensemble.preparing import prepare
from custom.errors import PodiumError
from custom.evaluation import (
    DEFAULT_METRIC,
    Matches,
    Metric,
    best_score_thr,
    match_for,
    metric_of,
)
from custom.evaluation.weightings import score_weightings
from custom.files import canonical_hash
from custom.tables import GroundTruth, Predictions

ALL = 0  # the index of the scores that rest on all images


def make_inner_folds(
    num_images: int, num_folds: int, seed: int, groups: IntArray | None = None
) -> tuple[IntArray, ...]:
    """Return positions of images in `num_folds` random folds, each ascending.

    Args:
        num_images: I.
        num_folds: At least 2.
        seed: Of the folds.
        groups: Shape (I,), equal numbers for images that stay in one fold; each alone if None.

    Raises:
        PodiumError: If there are not at least two folds, fewer images than folds, or a group so
            large that a fold would have no images.
    """
    if not 2 <= num_folds <= num_images:
        raise PodiumError(
            f"inner folds must be between 2 and the {num_images} images, but are {num_folds}"
        )
    groups = np.arange(num_images) if groups is None else groups
    _, index, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    shuffled = np.random.default_rng(seed).permutation(len(sizes))
    # Side by side in random order, a group belongs to the fold that has the image in its middle.
    ends = np.cumsum(sizes[shuffled])
    middles = (2 * ends - sizes[shuffled] - 1) // 2
    shares = [len(share) for share in np.array_split(np.arange(num_images), num_folds)]
    fold_of_group = np.empty(len(sizes), np.int64)
    fold_of_group[shuffled] = np.searchsorted(np.cumsum(shares), middles, side="right")
    folds = tuple(np.flatnonzero(fold_of_group[index] == fold) for fold in range(num_folds))
    if not all(map(len, folds)):
        raise PodiumError(
            f"inner folds must be fewer than {num_folds} here, since images that belong together "
            f"stay together, and one group holds {sizes.max()} of {num_images}"
        )
    return folds


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one fusion scores.

    Attributes:
        per_class: Shape (1 + 2k, C): on all images, then without each of the k inner folds, then
            on each fold; where pairs are scored too, then without each two folds. NaN for a class
            without boxes there.
    """

    per_class: FloatArray

    @property
    def values(self) -> FloatArray:
        """The means over the classes that have boxes, one an index."""
        known = ~np.isnan(self.per_class)
        sums = np.where(known, self.per_class, 0.0).sum(axis=1)
        counts = known.sum(axis=1)
        return np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)


class Objective:
    """Scores fusions of some models on labelled images; each only once.

    Attributes:
        models: The tables, checked and aligned to `gt`.
        gt: The labelled images.
        folds: Positions of the images in k inner folds.
        metric: What is searched by.
        pairs: The pairs of folds without which there are scores too.
    """

    def __init__(
        self,
        models: Sequence[Predictions],
        gt: GroundTruth,
        folds: Sequence[IntArray],
        metric: str | Metric = DEFAULT_METRIC,
        with_pairs: bool = False,
    ) -> None:
        self.models, _ = prepare(models, gt.images)
        self.gt, self.folds, self.metric = gt, tuple(folds), metric_of(metric)
        self.pairs = list(combinations(range(len(self.folds)), 2)) if with_pairs else []
        self._weights = self._image_weights()
        self._outcomes: dict[FusionConfig, Outcome] = {}
        self._thresholds: dict[tuple[FusionConfig, int], float] = {}

    @property
    def num_models(self) -> int:
        """How many models there are."""
        return len(self.models)

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of the models, the boxes and the images they are scored on."""
        gt = self.gt
        crowd = gt.iscrowd.astype(np.float64)  # in the place of scores
        boxes = Predictions(gt.images.ids, gt.offsets, gt.bboxes, crowd, gt.labels)
        return canonical_hash([each.content_hash for each in (*self.models, boxes)])

    def without(self, fold: int) -> int:
        """Return the index of the scores that rest on all images but those of a fold."""
        return 1 + fold

    def on(self, fold: int) -> int:
        """Return the index of the scores that rest on the images of a fold."""
        return 1 + len(self.folds) + fold

    def without_both(self, fold: int, other: int) -> int:
        """Return the index of the scores that rest on all images but those of two folds."""
        pair = (min(fold, other), max(fold, other))
        return 1 + 2 * len(self.folds) + self.pairs.index(pair)

    def fuse(self, config: FusionConfig) -> Predictions:
        """Fuse the models."""
        return fuse_prepared(self.models, self.gt.images.sizes_hw, config)

    def matches(self, config: FusionConfig) -> Matches:
        """Fuse the models and match the result, for a bootstrap."""
        return match_for(self.gt, self.fuse(config), self.metric)

    def fuse_each(self, by_fold: Sequence[Sequence[FusionConfig]]) -> list[Predictions]:
        """Fuse the models with what was chosen without each fold: one fusion, or one a class."""
        fused = {
            configs: fuse_configs(configs, self.models, self.gt.images).predictions
            for configs in dict.fromkeys(map(tuple, by_fold))
        }
        return [fused[tuple(configs)] for configs in by_fold]

    def outcome(self, config: FusionConfig) -> Outcome:
        """Return what a fusion scores; matching is done once, inner folds only weight images."""
        if config not in self._outcomes:
            self._keep(config, self.matches(config))
        return self._outcomes[config]

    def at_best_threshold(self, config: FusionConfig, index: int = ALL) -> FusionConfig:
        """Return the fusion with the score threshold that is best on the images of `index`.

        The fusion itself where the metric needs no threshold.
        """
        if not self.metric.punishes_false_boxes:
            return config
        plain = replace(config, final_score_thr=0.0)
        if (plain, index) not in self._thresholds:
            matches = self.matches(plain)
            score_thr = best_score_thr(matches, self.metric, self._weights[index])
            self._thresholds[plain, index] = score_thr
            cut = matches.without(matches.scores < score_thr)
            self._keep(replace(plain, final_score_thr=score_thr), cut)
        return replace(plain, final_score_thr=self._thresholds[plain, index])

    def score(self, config: FusionConfig, index: int = ALL) -> float:
        """Return one score of a fusion, as the metric has it; NaN where nothing can be scored."""
        return float(self.outcome(config).values[index])

    def value(self, config: FusionConfig, index: int = ALL) -> float:
        """Return how good a fusion is, more is better; minus infinity where nothing is scored."""
        value = self.metric.sign * self.score(config, index)
        return value if np.isfinite(value) else float("-inf")

    def _keep(self, config: FusionConfig, matches: Matches) -> None:
        if config not in self._outcomes:
            values = score_weightings(matches, self.metric, self._weights)
            self._outcomes[config] = Outcome(values)

    def _image_weights(self) -> IntArray:
        """Return, one row an index, shape (.., I), which images each score rests on."""
        inside = np.zeros((len(self.folds), len(self.gt.images)), np.int64)
        for fold, positions in zip(inside, self.folds, strict=True):
            fold[positions] = 1
        rest = [1 - inside[fold] - inside[other] for fold, other in self.pairs]
        return np.stack([np.ones(inside.shape[1], np.int64), *(1 - inside), *inside, *rest])
