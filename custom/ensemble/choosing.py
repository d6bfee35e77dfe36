"""How to fuse, found on the labelled images: the automatic choice, and the search."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from custom.ensemble.fusion import Fusion
from custom.ensemble.inputs import Inputs, ValInputs
from custom.ensemble.preparing import Repairs
from custom.ensemble.recipe import Recipe, recipe_of
from custom.errors import PodiumError
from custom.evaluation import Metric

if TYPE_CHECKING:
    from custom.ensemble.search import SearchResult
    from custom.ensemble.search.auto import AutoResult
    from custom.ensemble.search.studies import SearchSettings


@dataclass(frozen=True)
class Choice:
    """How is fused, and what.

    Attributes:
        fusion: With weights by model and by file.
        inputs: What is fused: without the models' duplicates, where that was chosen.
        repairs: What it was prepared with.
        automatic: What was chosen automatically, and why; None where it was given.
        recipe: The automatic choice, to be written and replayed.
    """

    fusion: Fusion
    inputs: Inputs
    repairs: Repairs
    automatic: AutoResult | None = None
    recipe: Recipe | None = None

    @property
    def is_gain(self) -> bool:
        """Whether nothing is against a gain on the images that did not choose."""
        return self.automatic is None or self.automatic.comparison.is_gain


def can_choose(inputs: Inputs) -> bool:
    """Whether enough is labelled to choose how to fuse by."""
    if inputs.val is None:
        return False
    from custom.ensemble.search.auto import folds_to_choose_by

    return bool(folds_to_choose_by(inputs.val.gt))


def choose_fusion(
    inputs: Inputs, metric: Metric, repairs: Repairs, score_thr: float = 0.0
) -> Choice:
    """Choose how to fuse by the labelled images, without a search.

    Args:
        inputs: The models, prepared.
        metric: What decides.
        repairs: What they were prepared with.
        score_thr: Fused boxes of lower score are left out; 0: as is best for the metric.

    Raises:
        PodiumError: If nothing is labelled.
    """
    from custom.ensemble.search.auto import choose_automatically

    val = _labelled(inputs, "--method auto")
    result = choose_automatically(val.models, val.gt, metric)
    if result.chosen.dedupe:
        inputs, repairs = inputs.without_duplicates(), replace(repairs, dedupe=True)
    config = result.chosen.config
    if score_thr:
        config = replace(config, final_score_thr=score_thr)
    recipe = replace(_recipe_of_choice(result, val, metric, repairs), configs=(config,))
    return Choice(Fusion.of_recipe(recipe, val), inputs, repairs, result, recipe)


def _recipe_of_choice(
    result: AutoResult, val: ValInputs, metric: Metric, repairs: Repairs
) -> Recipe:
    own, single = result.cross_validated, result.single_cross_validated
    if result.fell_back:
        own = single
    scores = {
        "cross_validated": own.value,
        "interval": list(own.interval),
        "in_sample": result.value,
        "references": {"best single model": {"cross_validated": single.value}},
        "against best single model": asdict(result.comparison),
        "num_images": result.num_images,
    }
    search = {
        "method": "auto",
        "metric": metric.name,
        "seed": result.seed,
        "inner_folds": result.num_folds,
    }
    recipe = Recipe((result.chosen.config,), val.identities, val.split_hash, scores, search)
    return _with_conditions(recipe, val, repairs)


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

    val = _labelled(inputs, "--search")
    result = search(val.models, val.gt, settings)
    recipe = recipe_of(result, val.identities, val.split_hash)
    return result, _with_conditions(recipe, val, repairs)


def _labelled(inputs: Inputs, option: str) -> ValInputs:
    if inputs.val is None:
        raise PodiumError(f"{option} needs labelled images, but {inputs.unscored}")
    return inputs.val


def _with_conditions(recipe: Recipe, val: ValInputs, repairs: Repairs) -> Recipe:
    """Return a recipe with what must be the same where it is replayed."""
    how = {"repairs": repairs.to_dict(), "classes": list(val.gt.categories.names)}
    return replace(recipe, search={**recipe.search, **how})
