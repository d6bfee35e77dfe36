"""A fusion with its weights by model and by file: of a command line, a recipe, or file names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from custom.ensemble.config import FusionConfig
from custom.ensemble.inputs import Inputs, ValInputs
from custom.ensemble.recipe import Recipe


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
