"""A recipe: the fusion that a search found, for which models, and what it scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from custom.ensemble.config import FusionConfig
from custom.ensemble.fusing import FusionResult
from custom.ensemble.per_class import fuse_configs
from custom.errors import PodiumError
from custom.files import PathLike, json_bytes, write_bytes
from custom.tables import Images, Predictions
from custom.typed_json import from_json, read_record

if TYPE_CHECKING:
    from custom.ensemble.search import SearchResult
    from custom.ensemble.search.studies import SearchSettings

FORMAT = 1


@dataclass(frozen=True)
class Recipe:
    """How to fuse which models.

    Attributes:
        configs: The fusion, or one for each class; weights are by model.
        models: What identifies each model, by name, in the order of the weights.
        split_hash: Of the sealed split that it was searched on; empty where there is none.
        scores: What it scores, and the references beside it, as `SearchResult` has them.
        search: How it was searched.
    """

    configs: tuple[FusionConfig, ...]
    models: Mapping[str, str]
    split_hash: str
    scores: Mapping[str, Any]
    search: Mapping[str, Any]

    @property
    def cross_validated(self) -> float:
        """The score on images that did not choose; older recipes call it honest."""
        value = self.scores.get("cross_validated", self.scores.get("honest"))
        return math.nan if value is None else float(value)

    @property
    def final_score_thr(self) -> float:
        """The lowest score that a fused box is kept at; of several fusions the lowest."""
        return min(config.final_score_thr for config in self.configs)

    @property
    def keeps_raw_scores(self) -> bool:
        """Whether fused scores may be above 1."""
        return any(config.raw_scores for config in self.configs)

    def above(self, score_thr: float) -> Recipe:
        """Return the recipe with a score threshold for the fused boxes, where it has none."""
        if self.final_score_thr or not score_thr:
            return self
        configs = (replace(config, final_score_thr=score_thr) for config in self.configs)
        return replace(self, configs=tuple(configs))

    def check(self, models: Mapping[str, str], split_hash: str) -> None:
        """Refuse other inputs than those it was searched on.

        Args:
            models: What identifies each model that is to be fused, by name, in any order.
            split_hash: Of the split they were judged on; empty where there is none.

        Raises:
            PodiumError: If a model is missing, new or changed, or the split is another.
        """
        if missing := [name for name in self.models if name not in models]:
            raise PodiumError(
                f"the recipe must be used with all its models, but lacks {missing[0]}"
            )
        if extra := [name for name in models if name not in self.models]:
            raise PodiumError(
                f"the recipe must be used with its models only ({', '.join(self.models)}), but "
                f"{extra[0]} is given too; search again with it"
            )
        for name, digest in self.models.items():
            if models[name] != digest:
                raise PodiumError(
                    f"{name} must be the model that the recipe was searched with "
                    f"({digest[:12]}), but is {models[name][:12]}; search again"
                )
        if split_hash != self.split_hash:
            raise PodiumError(
                f"the recipe must be used on the split {self.split_hash[:12] or '(none)'} that it "
                f"was searched on, but this is {split_hash[:12] or '(none)'}"
            )

    def check_classes(self, names: Sequence[str]) -> None:
        """Refuse other classes than those it was searched on.

        Raises:
            PodiumError: If the classes, or only their number, are others.
        """
        known = self.search.get("classes")
        if known is not None and known != list(names):
            known = known if isinstance(known, list) else [known]
            raise PodiumError(
                f"the recipe must be used on the classes that it was searched on "
                f"({', '.join(map(str, known))}), but these are {', '.join(names)}"
            )
        if len(self.configs) not in (1, len(names)):
            raise PodiumError(
                f"the recipe must have a fusion for each of the {len(names)} classes, but has "
                f"{len(self.configs)}"
            )

    def models_of(self, files: Sequence[str], by_order: bool = False) -> list[str]:
        """Return the model that each file is taken to be of: by its name, or by order.

        Args:
            files: The files' names, without folder and extension.
            by_order: Take them in the recipe's order, whatever they are called.

        Raises:
            PodiumError: If the files are more or fewer, or have other names.
        """
        if len(files) != len(self.models):
            raise PodiumError(
                f"the recipe must be used with all its models and no others "
                f"({', '.join(self.models)}), but there are {len(files)} files"
            )
        if by_order:
            return list(self.models)
        if strange := [name for name in files if name not in self.models]:
            raise PodiumError(
                f"files must have the names of the recipe's models ({', '.join(self.models)}), but "
                f"one is {strange[0]}; rename it, or give the files in that order with --by-order"
            )
        return list(files)

    def for_files(self, models: Sequence[str]) -> Recipe:
        """Return the recipe with a weight for each file, where several belong to one model.

        Args:
            models: The name of each file's model, in the order of the files.
        """
        position = {name: index for index, name in enumerate(self.models)}
        order = [position[name] for name in models]
        configs = []
        for config in self.configs:
            if config.weights is not None:
                weights = config.weights_for(len(position))
                config = replace(config, weights=tuple(weights[index] for index in order))
            configs.append(config)
        return replace(self, configs=tuple(configs))


@dataclass(frozen=True)
class _RecipeFile:
    """A recipe as it is written."""

    format: Literal[1]
    configs: tuple[FusionConfig, ...]
    models: Mapping[str, str]
    split_hash: str
    scores: Mapping[str, Any]
    search: Mapping[str, Any]
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Scores:
    """What is read again of a recipe's scores."""

    cross_validated: float | None = None
    honest: float | None = None  # in older recipes
    extra: Mapping[str, Any] = field(default_factory=dict)


def recipe_of(result: SearchResult, models: Mapping[str, str], split_hash: str = "") -> Recipe:
    """Return what a search found as a recipe.

    Args:
        result: The search.
        models: What identifies each model, by name, in the order that was searched.
        split_hash: Of the sealed split; empty where there is none.
    """
    scores = {
        "cross_validated": result.chosen.cross_validated,
        "in_sample": result.chosen.in_sample,
        "by_fold": result.by_fold.tolist(),
        "references": {name: asdict(each) for name, each in result.references.items()},
        "singles": dict(zip(models, result.singles, strict=True)),
        "num_images": result.num_images,
    }
    search = result.settings.identity()
    return Recipe(result.configs, dict(models), split_hash, scores, search)


def write_recipe(path: PathLike, recipe: Recipe) -> None:
    """Write a recipe as JSON."""
    write_bytes(path, _encoded(recipe))


def is_recipe_file(path: PathLike, recipe: Recipe) -> bool:
    """Whether a file is this recipe, just as it would be written."""
    return Path(path).read_bytes() == _encoded(recipe)


def is_of_search(path: PathLike, models: Mapping[str, str], settings: SearchSettings) -> bool:
    """Whether a file is the recipe that a search of these models, by these settings, writes."""
    try:
        recipe = load_recipe(path)
    except PodiumError:
        return False
    wanted = settings.identity()
    searched = {name: recipe.search.get(name) for name in wanted}
    return searched == wanted and dict(recipe.models) == dict(models)


def _encoded(recipe: Recipe) -> bytes:
    configs = [config.to_dict() for config in recipe.configs]
    others = {name: getattr(recipe, name) for name in ("models", "split_hash", "scores", "search")}
    return json_bytes({"format": FORMAT, "configs": configs, **others})


def load_recipe(path: PathLike) -> Recipe:
    """Read a recipe.

    Raises:
        PodiumError: If the file is no recipe, or its parameters are out of range.
    """
    content = read_record(path, _RecipeFile)
    if not content.configs:
        raise PodiumError(f"{path}: configs must have at least one entry, but is empty")
    from_json(_Scores, content.scores, f"{path}: scores")
    columns = (content.models, content.split_hash, content.scores, content.search)
    return Recipe(content.configs, *columns)


def fuse_recipe(recipe: Recipe, models: Sequence[Predictions], images: Images) -> FusionResult:
    """Fuse prepared tables, in the order of the recipe's models, by the recipe.

    Raises:
        PodiumError: As `fuse_configs`.
    """
    return fuse_configs(recipe.configs, models, images)
