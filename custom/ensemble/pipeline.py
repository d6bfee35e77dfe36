"""What an ensemble scores on labelled images, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from custom.ensemble.checks import prepare
from custom.ensemble.config import FusionConfig
from custom.ensemble.duplicates import dedupe, find_duplicating
from custom.ensemble.fusing import above_threshold
from custom.ensemble.inputs import Inputs, ValInputs
from custom.ensemble.recipe import Recipe, fuse_recipe, recipe_of
from custom.errors import PodiumError
from custom.evaluation import (
    DEFAULT_METRIC,
    Metric,
    RankChange,
    best_score_thr,
    bootstrap_metric,
    checked_against_reference,
    match_for,
    metric_of,
    rank_changes,
    rare_class_notes,
    score,
    score_at_best,
)
from custom.tables import GroundTruth, Images, Predictions
from custom.typed_json import from_json

if TYPE_CHECKING:
    from custom.ensemble.search import SearchResult
    from custom.ensemble.search.studies import SearchSettings

NUM_RESAMPLES = 2000
# Of the interval of 95% that goes into the ledger.
TAILS = (0.025, 0.975)


@dataclass(frozen=True)
class Repairs:
    """What may be done to boxes that are not right, each only where it is asked for by name."""

    clip: bool = False
    drop_degenerate: bool = False
    dedupe: bool = False

    def apply(
        self, models: Sequence[Predictions], images: Images
    ) -> tuple[list[Predictions], list[str]]:
        """Return checked and repaired tables, aligned to the images, and notes on what was done."""
        prepared, notes = prepare(models, images, self.clip, self.drop_degenerate)
        if not self.dedupe:
            return prepared, notes
        unique = [dedupe(model) for model in prepared]
        removed = sum(m.num_boxes for m in prepared) - sum(m.num_boxes for m in unique)
        return unique, [*notes, f"{removed} duplicates removed by --dedupe"]

    def with_those_of(self, recipe: Recipe) -> Repairs:
        """Return these and the repairs that the recipe was searched with."""
        searched = from_json(
            Repairs, recipe.search.get("repairs", {}), "the recipe: search.repairs"
        )
        return Repairs(
            self.clip or searched.clip,
            self.drop_degenerate or searched.drop_degenerate,
            self.dedupe or searched.dedupe,
        )


@dataclass(frozen=True, eq=False)
class Judgement:
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
        predictions: The table of the ensemble.
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
    predictions: Predictions

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
        before = self.models[list(self.singles).index(self.best_name)]
        return rank_changes(self.gt, before, self.predictions)

    @property
    def is_gain(self) -> bool:
        """Whether the ensemble is above its best model; never where it cannot be scored."""
        return self.metric.sign * self.fused > self.metric.sign * self.best_single


def judge(
    val: ValInputs, recipe: Recipe, repairs: Repairs, metric: str | Metric = DEFAULT_METRIC
) -> Judgement:
    """Score every model and the ensemble on the labelled images.

    A metric that punishes every false box is taken at the score threshold that is best here, unless
    the recipe has one: each model at its own, and the ensemble at that of the submission.
    """
    metric, gt = metric_of(metric), val.gt
    models, notes = repairs.apply(val.models, gt.images)
    notes += find_duplicating(models, recipe.configs[0])
    singles = [score_at_best(gt, model, metric) for model in models]
    fused = fuse_recipe(recipe, models, gt.images).predictions
    score_thr = recipe.final_score_thr
    if not score_thr:
        score_thr = best_score_thr(match_for(gt, fused, metric), metric)
        fused, _ = above_threshold(fused, score_thr)
    samples = bootstrap_metric(match_for(gt, fused, metric), metric, NUM_RESAMPLES)
    notes += rare_class_notes(samples, gt.categories.names)
    low, high = np.nanquantile(samples[:, -1], TAILS).tolist()
    scored = checked_against_reference if metric.reference else score
    value = scored(gt, fused, metric.name).value
    described = (val.split_hash, tuple(notes), gt, tuple(models), fused)
    by_name = {name: each.value for name, each in zip(val.names, singles, strict=True)}
    thresholds = (*(each.score_thr for each in singles), score_thr)
    return Judgement(metric, by_name, value, (low, high), thresholds, *described)


@dataclass(frozen=True)
class Fusion:
    """A fusion with its weights by model, for the score on val, and by file, for the test set."""

    by_model: Recipe
    by_file: Recipe

    @classmethod
    def of_config(cls, config: FusionConfig, val: ValInputs | None) -> Fusion:
        """Return a fusion with weights by file; a model's is the mean of its files'."""
        by_file = Recipe((config,), {}, "", {}, {})
        if val is None:
            return cls(by_file, by_file)
        averaged = replace(config, weights=val.weights(config.weights))
        return cls(replace(by_file, configs=(averaged,)), by_file)

    @classmethod
    def of_recipe(cls, recipe: Recipe, val: ValInputs | None) -> Fusion:
        """Return the fusion of a recipe, which must have been searched on just these inputs.

        Raises:
            PodiumError: If the models or the split are others, or nothing is labelled.
        """
        if val is None:
            raise PodiumError(
                "a recipe must be used on the models it was searched with, but no labelled images "
                "are known to tell; give runs, or name the images with --ann"
            )
        recipe.check(val.identities, val.split_hash)
        return cls(recipe.for_files(val.names), recipe.for_files(val.file_models))


def search_recipe(
    inputs: Inputs, settings: SearchSettings, repairs: Repairs
) -> tuple[SearchResult, Recipe]:
    """Search the fusion that is best on the labelled images.

    Raises:
        PodiumError: If nothing is labelled.
    """
    # Optuna takes a third of a second to import, which a plain fusion has no use for.
    from custom.ensemble.search import search

    if inputs.val is None:
        raise PodiumError("--search needs labelled images; give runs, or name them with --ann")
    val = inputs.val
    models, _ = repairs.apply(val.models, val.gt.images)
    result = search(models, val.gt, settings)
    recipe = recipe_of(result, val.identities, val.split_hash)
    return result, replace(recipe, search={**recipe.search, "repairs": asdict(repairs)})
