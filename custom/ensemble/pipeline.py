"""What an ensemble scores on labelled images, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from custom.ensemble.checks import prepare
from custom.ensemble.config import FusionConfig
from custom.ensemble.duplicates import dedupe, find_duplicating
from custom.ensemble.fusing import fuse_prepared
from custom.ensemble.inputs import Inputs, ValInputs
from custom.ensemble.recipe import Recipe, recipe_of
from custom.ensemble.search import SearchResult, search
from custom.ensemble.studies import SearchSettings
from custom.errors import PodiumError
from custom.evaluation import bootstrap_ap, match, score
from custom.tables import Images, Predictions

# Of the interval that goes into the ledger; the seed makes it the same for the same input.
CONFIDENCE = 0.95
NUM_RESAMPLES = 2000


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


@dataclass(frozen=True)
class Judgement:
    """What the ensemble scores on labelled images, beside each of its models.

    Attributes:
        singles: AP50 by model.
        fused: AP50 of the ensemble, by the same parameters as the submission.
        interval: The bootstrap interval of `fused` over the images.
        split_hash: Of the sealed split; empty where there is none.
        notes: What is to be known of the models.
    """

    singles: dict[str, float]
    fused: float
    interval: tuple[float, float]
    split_hash: str
    notes: tuple[str, ...]

    @property
    def best_single(self) -> float:
        """The highest AP50 of a model alone."""
        return max(self.singles.values())

    @property
    def is_gain(self) -> bool:
        """Whether the ensemble is above its best model; never where it cannot be scored."""
        return self.fused > self.best_single


def judge(val: ValInputs, recipe: Recipe, repairs: Repairs) -> Judgement:
    """Score every model and the ensemble on the labelled images, with AP50."""
    models, notes = repairs.apply(val.models, val.gt.images)
    notes += find_duplicating(models, recipe.configs[0])
    values = {
        name: score(val.gt, model).value for name, model in zip(val.names, models, strict=True)
    }
    fused = fuse_by_class(recipe, models, val.gt.images)
    samples = bootstrap_ap(match(val.gt, fused, iou_thrs=(0.5,)), NUM_RESAMPLES, seed=0)
    interval = interval_of(samples)
    return Judgement(values, score(val.gt, fused).value, interval, val.split_hash, tuple(notes))


def plain_recipe(config: FusionConfig, val: ValInputs | None) -> Recipe:
    """Return a fusion that was not searched as a recipe for the models on val."""
    weights = val.weights(config.weights) if val else config.weights
    identities = val.identities if val else {}
    return Recipe((replace(config, weights=weights),), identities, "", {}, {})


def search_recipe(
    inputs: Inputs, settings: SearchSettings, repairs: Repairs
) -> tuple[SearchResult, Recipe]:
    """Search the fusion that is best on the labelled images.

    Raises:
        PodiumError: If nothing is labelled.
    """
    if inputs.val is None:
        raise PodiumError("--search needs labelled images; give runs, or name them with --ann")
    val = inputs.val
    models, _ = repairs.apply(val.models, val.gt.images)
    result = search(models, val.gt, settings)
    return result, recipe_of(result, val.identities, val.split_hash)
