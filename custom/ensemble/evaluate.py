"""What an ensemble scores on labelled images, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from custom.ensemble.config import FusionConfig
from custom.ensemble.fusing import FusionResult, above_threshold
from custom.ensemble.inputs import Inputs, ValInputs
from custom.ensemble.preparing import Repairs, find_duplicating
from custom.ensemble.recipe import Recipe, fuse_recipe, recipe_of
from custom.errors import PodiumError
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

if TYPE_CHECKING:
    from custom.ensemble.search import SearchResult
    from custom.ensemble.search.studies import SearchSettings

NUM_RESAMPLES = 2000
# Of the interval of 95% that goes into the ledger.
TAILS = (0.025, 0.975)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What the ensemble scores on labelled images, beside each of its models.

    Attributes:
        metric: What decides.
        singles: The metric by model, each at its own score threshold where one is needed.
        fused: The metric of the ensemble, by the same parameters as the submission; pycocotools
            gave the same, if it knows the metric.
        interval: The bootstrap interval of `fused` over the images.
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
        return max(self.singles, key=lambda name: self.metric.sign * self.singles[name])

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

    @property
    def is_gain(self) -> bool:
        """Whether the ensemble is above its best model; never where it cannot be scored."""
        return self.metric.sign * self.fused > self.metric.sign * self.best_single


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
    low, high = np.nanquantile(samples[:, -1], TAILS).tolist()
    value = score_matches(matches, metric)
    if metric.reference:
        value = checked_against_reference(gt, fused, metric, matches=matches)
    singles = [score_matches(each, metric).value for each, _ in matched]
    return Evaluation(
        metric=metric,
        singles=dict(zip(val.names, singles, strict=True)),
        fused=value.value,
        interval=(low, high),
        score_thrs=(*(each for _, each in matched), score_thr),
        split_hash=val.split_hash,
        notes=tuple(notes),
        gt=gt,
        models=val.models,
        matches=(*(each for each, _ in matched), matches),
        fusion=FusionResult(fused, (*cut, *result.notes)),
    )


def _at_best(matches: Matches, metric: Metric) -> tuple[Matches, float]:
    """Return matches without the boxes below the metric's best score threshold, and that."""
    if not metric.punishes_false_boxes:
        return matches, 0.0
    score_thr = best_score_thr(matches, metric)
    return (matches.without(matches.scores < score_thr) if score_thr else matches), score_thr


@dataclass(frozen=True)
class Fusion:
    """A fusion with its weights by model, for the score on val, and by file, for the test set.

    Attributes:
        by_model: Fuses the tables of `ValInputs`.
        by_file: Fuses the tables of `Inputs`.
        notes: What could not be checked.
    """

    by_model: Recipe
    by_file: Recipe
    notes: tuple[str, ...] = ()

    @property
    def is_one(self) -> bool:
        """Whether both have the same parameters."""
        return self.by_model.configs == self.by_file.configs

    @classmethod
    def of_config(cls, config: FusionConfig, inputs: Inputs) -> Fusion:
        """Return a fusion with weights by file; a model's is the mean of its files'.

        Raises:
            PodiumError: If there is not one weight a file.
        """
        config.weights_for(len(inputs.models))
        by_file = Recipe((config,), {}, "", {}, {})
        if inputs.val is None or config.weights is None:
            return cls(by_file, by_file)
        averaged = replace(config, weights=inputs.val.weights(config.weights))
        return cls(replace(by_file, configs=(averaged,)), by_file)

    @classmethod
    def of_recipe(cls, recipe: Recipe, val: ValInputs) -> Fusion:
        """Return the fusion of a recipe, which must have been searched on just these inputs.

        Raises:
            PodiumError: If the models, the classes or the split are others.
        """
        recipe.check_classes(val.gt.categories.names)
        recipe.check(val.identities, val.split_hash)
        return cls(recipe.for_files(val.names), recipe.for_files(val.file_models))

    @classmethod
    def of_named_files(
        cls, recipe: Recipe, names: Sequence[str], classes: Sequence[str], by_order: bool = False
    ) -> Fusion:
        """Return the fusion of a recipe for files of which nothing but their names is known.

        They are taken to be of the recipe's models of the same names, or of its models in its order
        where `by_order` says so: a note tells which of which.

        Raises:
            PodiumError: If the names, their number or the classes are others.
        """
        recipe.check_classes(classes)
        models = recipe.models_of(names, by_order)
        pairs = ", ".join(f"{name} is {model}" for name, model in zip(names, models, strict=True))
        note = f"files are taken to be of the recipe's models, which cannot be checked: {pairs}"
        by_file = recipe.for_files(models)
        return cls(by_file, by_file, (note,))


def search_recipe(
    inputs: Inputs, settings: SearchSettings, repairs: Repairs
) -> tuple[SearchResult, Recipe]:
    """Search the fusion that is best on the labelled images.

    Args:
        inputs: The models, prepared.
        settings: How to search.
        repairs: What they were prepared with, for the recipe.

    Raises:
        PodiumError: If nothing is labelled.
    """
    # Optuna takes a third of a second to import, which a plain fusion has no use for.
    from custom.ensemble.search import search

    if inputs.val is None:
        raise PodiumError(f"--search needs labelled images, but {inputs.unscored}")
    val = inputs.val
    result = search(val.models, val.gt, settings)
    recipe = recipe_of(result, val.identities, val.split_hash)
    how = {"repairs": repairs.to_dict(), "classes": list(val.gt.categories.names)}
    return result, replace(recipe, search={**recipe.search, **how})
