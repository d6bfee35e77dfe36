"""A recipe: the fusion that a search found, for which models, and what it honestly scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from custom.ensemble.config import FusionConfig
from custom.ensemble.fusing import FusionResult, fuse_with_notes
from custom.errors import PodiumError
from custom.files import PathLike, write_json
from custom.tables import Images, Predictions
from custom.tables.rows import group_by_image
from custom.typed_json import from_json, read_record

if TYPE_CHECKING:
    from custom.ensemble.search import SearchResult

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

    def for_files(self, models: Sequence[str]) -> Recipe:
        """Return the recipe with a weight for each file, where several belong to one model.

        Args:
            models: The name of each file's model, in the order of the files.
        """
        position = {name: index for index, name in enumerate(self.models)}
        order = [position[name] for name in models]
        configs = []
        for config in self.configs:
            weights = config.weights_for(len(position))
            configs.append(replace(config, weights=tuple(weights[index] for index in order)))
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
    search = asdict(result.settings)
    del search["storage"], search["worker"]  # they change nothing in what is found
    return Recipe(result.configs, dict(models), split_hash, scores, search)


def write_recipe(path: PathLike, recipe: Recipe) -> None:
    """Write a recipe as JSON."""
    configs = [config.to_dict() for config in recipe.configs]
    others = {name: getattr(recipe, name) for name in ("models", "split_hash", "scores", "search")}
    write_json(path, {"format": FORMAT, "configs": configs, **others})


def check_free(path: PathLike, overwrite: bool) -> None:
    """Refuse, before a search, to write its recipe over another one.

    Raises:
        PodiumError: If the file exists and `overwrite` is not set.
    """
    if Path(path).exists() and not overwrite:
        raise PodiumError(
            f"{path} must be free for the recipe, but exists; name another file with "
            "--recipe-out, replace it with --overwrite, or replay it with --recipe"
        )


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


def fuse_recipe(
    recipe: Recipe,
    models: Sequence[Predictions],
    images: Images,
    clip: bool = False,
    drop_degenerate: bool = False,
) -> FusionResult:
    """Fuse tables, in the order of the recipe's models, by the recipe.

    With a fusion for each class, every class comes from its own.

    Raises:
        PodiumError: As `fuse_with_notes`, or if there is a class without a fusion.
    """
    first = fuse_with_notes(models, images, recipe.configs[0], clip, drop_degenerate)
    if len(recipe.configs) == 1:
        return first
    highest = max(int(model.labels.max(initial=0)) for model in models)
    if highest >= len(recipe.configs):
        raise PodiumError(
            f"the recipe must have a fusion for each class, but has {len(recipe.configs)} and "
            f"there is a box with label {highest}"
        )
    tables = []
    for config in dict.fromkeys(recipe.configs):
        fused = fuse_with_notes(models, images, config, clip, drop_degenerate).predictions
        labels = [label for label, each in enumerate(recipe.configs) if each == config]
        tables.append(fused.keep(np.isin(fused.labels, labels)))
    return FusionResult(_joined(tables), first.notes)


def _joined(tables: Sequence[Predictions]) -> Predictions:
    """Return the boxes of several tables on the same images as one."""
    index = np.concatenate([table.image_index for table in tables])
    order, offsets = group_by_image(index, tables[0].num_images)
    bboxes, scores, labels = (
        np.concatenate([getattr(table, name) for table in tables])[order]
        for name in ("bboxes", "scores", "labels")
    )
    return Predictions(tables[0].image_ids, offsets, bboxes, scores, labels, source="fused")
