"""What an ensemble scores on labelled images, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from custom.boxes import FloatArray
from custom.ensemble.comparison import Comparison, compare, interval
from custom.ensemble.fusing import FusionResult, above_threshold
from custom.ensemble.inputs import ValInputs
from custom.ensemble.preparing import find_duplicating
from custom.ensemble.recipe import Recipe, fuse_recipe
from custom.evaluation import (
    DEFAULT_METRIC,
    Matches,
    Metric,
    RankChange,
    best_score_thr,
    bootstrap_metric,
    checked_against_reference,
    match_for,
    metric_of,
    rank_changes,
    rank_changes_of,
    rare_class_notes,
    score_matches,
)
from custom.tables import GroundTruth, Predictions

NUM_RESAMPLES = 2000


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What the ensemble scores on labelled images, beside each of its models.

    Attributes:
        metric: What decides.
        singles: The metric by model, each at its own score threshold where one is needed.
        fused: The metric of the ensemble, by the same parameters as the submission; pycocotools
            gave the same, if it knows the metric.
        interval: The bootstrap interval of `fused` over the images.
        samples: Shape (R,), the metric of the ensemble on resampled images.
        score_thrs: By model, and last of the ensemble: boxes of lower score are left out.
        split_hash: Of the sealed split; empty where there is none.
        notes: What is to be known of the models.
        gt: The labelled images.
        models: The tables of the models, in the order of `singles`.
        matches: Of the models' boxes, and last of the ensemble's.
        fusion: The table of the ensemble, and what is to be known of it.
    """

    metric: Metric
    singles: dict[str, float]
    fused: float
    interval: tuple[float, float]
    samples: FloatArray
    score_thrs: tuple[float, ...]
    split_hash: str
    notes: tuple[str, ...]
    gt: GroundTruth
    models: tuple[Predictions, ...]
    matches: tuple[Matches, ...]
    fusion: FusionResult

    @property
    def predictions(self) -> Predictions:
        """The table of the ensemble."""
        return self.fusion.predictions

    @property
    def best_name(self) -> str:
        """The model with the best value alone."""
        return list(self.singles)[_best_of(list(self.singles.values()), self.metric)]

    @property
    def best_single(self) -> float:
        """The best value of a model alone."""
        return self.singles[self.best_name]

    @cached_property
    def rank_changes(self) -> tuple[RankChange, ...]:
        """What fusing did to the order of each class's top boxes, against the best model alone."""
        best = list(self.singles).index(self.best_name)
        if self.metric.is_matched_at_half and not any(self.score_thrs):
            return rank_changes_of(self.matches[best], self.matches[-1])
        return rank_changes(self.gt, self.models[best], self.predictions)

    @cached_property
    def comparison(self) -> Comparison:
        """The ensemble against the model that is best alone, on the same resamples."""
        best = self.matches[list(self.singles).index(self.best_name)]
        of_best = bootstrap_metric(best, self.metric, len(self.samples))[:, -1]
        return compare(self.fused, self.best_single, self.samples, of_best, self.metric)

    @property
    def is_gain(self) -> bool:
        """Whether the ensemble is significantly above its best model."""
        return self.comparison.is_gain


def evaluate(val: ValInputs, recipe: Recipe, metric: str | Metric = DEFAULT_METRIC) -> Evaluation:
    """Score every model and the ensemble on the labelled images.

    A metric that punishes every false box is taken at the score threshold that is best here, unless
    the recipe has one: each model at its own, and the ensemble at that of the submission.

    Args:
        val: The models' predictions, prepared.
        recipe: How they are fused, with weights by model.
        metric: What decides.
    """
    metric, gt = metric_of(metric), val.gt
    notes = find_duplicating(val.models, recipe.configs[0])
    matched = [_at_best(match_for(gt, model, metric, True), metric) for model in val.models]
    result = fuse_recipe(recipe, val.models, gt.images)
    fused: Predictions = result.predictions
    cut: list[str] = []
    matches, score_thr = match_for(gt, fused, metric, True), recipe.final_score_thr
    if not score_thr:
        matches, score_thr = _at_best(matches, metric)
        fused, cut = above_threshold(fused, score_thr)
    samples = bootstrap_metric(matches, metric, NUM_RESAMPLES)
    notes += rare_class_notes(samples, gt.categories.names)
    value = score_matches(matches, metric)
    if metric.reference:
        value = checked_against_reference(gt, fused, metric, matches=matches)
    singles = [score_matches(each, metric).value for each, _ in matched]
    return Evaluation(
        metric=metric,
        singles=dict(zip(val.names, singles, strict=True)),
        fused=value.value,
        interval=interval(samples[:, -1]),
        samples=samples[:, -1],
        score_thrs=(*(each for _, each in matched), score_thr),
        split_hash=val.split_hash,
        notes=tuple(notes),
        gt=gt,
        models=val.models,
        matches=(*(each for each, _ in matched), matches),
        fusion=FusionResult(fused, (*cut, *result.notes)),
    )


def _best_of(values: Sequence[float], metric: Metric) -> int:
    """Return the position of the best value; a model that cannot be scored is no better."""
    signed = metric.sign * np.array(values)
    return int(np.where(np.isnan(signed), -np.inf, signed).argmax())


def _at_best(matches: Matches, metric: Metric) -> tuple[Matches, float]:
    """Return matches without the boxes below the metric's best score threshold, and that."""
    if not metric.punishes_false_boxes:
        return matches, 0.0
    score_thr = best_score_thr(matches, metric)
    return (matches.without(matches.scores < score_thr) if score_thr else matches), score_thr
