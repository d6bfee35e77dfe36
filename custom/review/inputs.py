"""What a review is of: models evaluated on the same labelled images, and their ensemble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from custom.competition import competition_of
from custom.depth import Depth, check_depth
from custom.ensemble import FusionConfig, find_duplicating
from custom.ensemble.fusion import Fusion
from custom.ensemble.inputs import ValInputs, read_inputs
from custom.ensemble.options import of_labels
from custom.ensemble.preparing import Repairs
from custom.ensemble.recipe import Recipe, fuse_recipe, load_recipe
from custom.ensemble.run_inputs import model_keys, val_of_runs
from custom.errors import PodiumError
from custom.evaluation import DEFAULT_METRIC, METRICS, Metric
from custom.evaluation.matching import aligned_and_checked
from custom.files import PathLike
from custom.image_folders import images_folder_of
from custom.review.compute.analysis import Analysis
from custom.runs import Run, check_same_split, find_runs
from custom.runs.config import has_config
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth

ENSEMBLE = "ensemble"


@dataclass(frozen=True, eq=False)
class Model:
    """One run, the folds of a run pooled, the ensemble, or a file of predictions.

    Attributes:
        name: One in the review.
        predictions: On gt's images, in their order.
        note: Where it comes from, in one line.
        final: Whether it is the ensemble.
    """

    name: str
    predictions: Predictions
    note: str = ""
    final: bool = False


@dataclass(frozen=True, eq=False)
class Review:
    """What is shown.

    Attributes:
        title: Of all pages.
        gt: The labelled images that every model is evaluated on.
        models: One at least; the ensemble, where there is one, is the last.
        images_dir: Where the file names of the images start from; None: there are no images.
        runs: Of the models; () for predictions without a run.
        recipe: How the models are fused; None where there is no ensemble.
        prepared: What is fused: the models' boxes, checked and repaired; () without an ensemble.
        notes: What is to be known of the models.
        suspects_file: What `labels.py find` wrote; None: suspects are looked for.
        metric: What decides.
        depth: How the runs scaled pixels of more than 8 bits; None: image by image.
    """

    title: str
    gt: GroundTruth
    models: tuple[Model, ...]
    images_dir: Path | None = None
    runs: tuple[Run, ...] = ()
    recipe: Recipe | None = None
    prepared: tuple[Predictions, ...] = ()
    notes: tuple[str, ...] = ()
    suspects_file: PathLike | None = None
    metric: Metric = METRICS[DEFAULT_METRIC]
    depth: Depth | None = None

    @cached_property
    def analyses(self) -> tuple[Analysis, ...]:
        """What is computed of each model, in their order, each part when it is first asked for."""
        return tuple(Analysis(self.gt, model.predictions, self.metric) for model in self.models)

    @property
    def final(self) -> int:
        """The position of the model that counts: the ensemble, or else the best one."""
        if self.models[-1].final:
            return len(self.models) - 1
        values = [self.metric.sign * analysis.score.value for analysis in self.analyses]
        return max(range(len(values)), key=lambda k: (values[k] == values[k], values[k]))

    @property
    def members(self) -> tuple[int, ...]:
        """The positions of the models that are no ensemble."""
        return tuple(k for k, model in enumerate(self.models) if not model.final)


@dataclass(frozen=True)
class Request:
    """What is to be reviewed.

    Attributes:
        runs: Run folders or patterns.
        predictions: Instead of runs: files of predictions, CSV or COCO results.
        ann_file: With `predictions`: the annotations that they cover.
        format_name: Of CSV files; the competition's where None.
        metric: What decides; the competition's where None.
        images_dir: Where the file names of the images start from; the runs' val images where None.
        config: How two or more models are fused; weights are by model.
        recipe_file: A recipe that a search found, in place of `config`.
        repairs: What may be done to boxes that are not right, before they are fused.
        suspects_file: Suspected label errors; None: they are looked for.
    """

    runs: Sequence[str] = ()
    predictions: Sequence[str] = ()
    ann_file: PathLike | None = None
    format_name: str | None = None
    images_dir: Path | None = None
    config: FusionConfig = field(default_factory=FusionConfig)
    recipe_file: PathLike | None = None
    repairs: Repairs = field(default_factory=Repairs)
    suspects_file: PathLike | None = None
    metric: str | None = None


def read_review(request: Request) -> Review:
    """Read runs or predictions, and fuse them where there are several models.

    Raises:
        PodiumError: If nothing, or both kinds, are given; if models were not evaluated on the same
            images of one sealed split; or if a file is not what it must be.
    """
    if bool(request.runs) == bool(request.predictions):
        raise PodiumError("give either run folders or --predictions with --ann, not both or none")
    if request.images_dir is not None and not request.images_dir.is_dir():
        raise PodiumError(f"--images must be a folder, but {request.images_dir} is none")
    runs = tuple(find_runs(request.runs))
    competition = competition_of(runs, request.metric, request.format_name)
    val = _of_runs(runs) if runs else _of_files(request, competition.format_name)
    _check_boxes(val.gt)
    names = _unique(val.names)
    origins = (
        _notes_of_runs(runs, val) if runs else [Path(table.source).name for table in val.models]
    )
    models = [
        Model(name, aligned_and_checked(val.gt, table), origin)
        for name, table, origin in zip(names, val.models, origins, strict=True)
    ]
    title = f"{' + '.join(names)} on {Path(val.gt.source).parent.name or 'val'}"
    facts = _facts_of(runs)
    review = Review(
        title, val.gt, tuple(models), request.images_dir or _images_of(facts), runs,
        suspects_file=request.suspects_file, metric=competition.metric,
        depth=check_depth(facts.get("depth")),
    )  # fmt: skip
    return review if len(models) == 1 else _with_ensemble(review, request, val)


def _facts_of(runs: Sequence[Run]) -> Mapping[str, Any]:
    """Return what the runs' first config says of the competition; imported runs have none."""
    for run in runs:
        if has_config(run.folder):
            return run.config(["competition"]).get("competition") or {}
    return {}


def _images_of(facts: Mapping[str, Any]) -> Path | None:
    """Return where the config's val images are, if they are there."""
    folder = images_folder_of(facts, "val") if "data_root" in facts else None
    return folder if folder is not None and folder.is_dir() else None


def _of_runs(runs: Sequence[Run]) -> ValInputs:
    """Pool the folds of each model; refuse models that were not evaluated on the same images."""
    check_same_split(runs)
    folds: dict[str, list[int]] = {}
    groups: dict[str, str] = {}
    for run, key in zip(runs, model_keys(runs), strict=True):
        known = folds.setdefault(key, [])
        if run.val_fold in known or groups.setdefault(key, run.group) != run.group:
            raise PodiumError(f"runs must have different names, but two are called {key}")
        known.append(run.val_fold)
    first, *others = ((name, sorted(numbers)) for name, numbers in folds.items())
    for name, numbers in others:
        if numbers != first[1]:
            raise PodiumError(
                f"models must be evaluated on the same images, but {first[0]} is on folds "
                f"{first[1]} of the split and {name} on {numbers}; give the same folds of both"
            )
    return val_of_runs(runs)


def _of_files(request: Request, format_name: str) -> ValInputs:
    if request.ann_file is None:
        raise PodiumError("--predictions needs the annotations that they cover: --ann FILE")
    _check_boxes(read_ground_truth(request.ann_file))
    paths = [str(path) for path in request.predictions]
    inputs = read_inputs(paths, str(request.ann_file), None, format_name)
    val = inputs.prepared(request.repairs, format_name)[0].val
    assert val is not None
    return val


def _check_boxes(gt: GroundTruth) -> None:
    if gt.iscrowd.all():
        raise PodiumError(f"{gt.source} must have annotations to evaluate on, but has none")


def _unique(names: Sequence[str]) -> list[str]:
    """Return names with a number after each that occurs twice."""
    taken: list[str] = []
    for name in names:
        count = 2
        chosen = name
        while chosen in taken:
            chosen, count = f"{name} ({count})", count + 1
        taken.append(chosen)
    return taken


def _notes_of_runs(runs: Sequence[Run], val: ValInputs) -> list[str]:
    """Return one line a model: config, seed, folds."""
    members: dict[str, list[Run]] = {name: [] for name in val.names}
    for run, key in zip(runs, model_keys(runs), strict=True):
        members[key].append(run)
    notes = []
    for group in members.values():
        folds = sorted((run.record.fold for run in group), key=str)
        what = "fold" if len(folds) == 1 else "folds"
        record = group[0].record
        source = Path(record.config).name or str(record.trainer or "no config")
        seed = "seed unknown" if record.seed is None else f"seed {record.seed}"
        numbers = ", ".join(map(str, folds))
        notes.append(f"{source}, {seed}, {what} {numbers}")
    return notes


def _recipe(request: Request, val: ValInputs, metric: Metric) -> Recipe:
    """Return the fusion, with its weights by model."""
    if request.recipe_file is None:
        config = request.config
        if metric.is_of_labels and config.iou_thr == FusionConfig().iou_thr:
            config = replace(config, **of_labels())
        return Recipe((config,), {}, "", {}, {})
    return Fusion.of_recipe(load_recipe(request.recipe_file), val).by_model


def _with_ensemble(review: Review, request: Request, val: ValInputs) -> Review:
    """Return the review with the models' ensemble as its last one."""
    recipe = _recipe(request, val, review.metric)
    named = [replace(model.predictions, source=model.name) for model in review.models]
    repairs = request.repairs.with_those_of(recipe)
    prepared, notes = repairs.apply(named, val.gt.images)
    notes += find_duplicating(prepared, recipe.configs[0])
    fused = fuse_recipe(recipe, prepared, val.gt.images).predictions
    origin = recipe_text(recipe, request.recipe_file, review.metric.is_of_labels)
    ensemble = Model(ENSEMBLE, aligned_and_checked(val.gt, fused), origin, final=True)
    return replace(
        review,
        models=(*review.models, ensemble),
        recipe=recipe,
        prepared=tuple(prepared),
        notes=tuple(notes),
    )


def recipe_text(
    recipe: Recipe, recipe_file: PathLike | None = None, is_of_labels: bool = False
) -> str:
    """Return a fusion in one line."""
    config = recipe.configs[0]
    parts = [config.method, f"IoU {config.iou_thr:g}", f"scores from {config.skip_box_thr:g}"]
    parts = parts[:1] if is_of_labels else parts
    if config.weights is not None:
        parts.append(f"weights {', '.join(f'{weight:.3g}' for weight in config.weights)}")
    if len(recipe.configs) > 1:
        parts = [f"a fusion for each of {len(recipe.configs)} classes"]
    return ", ".join([*parts, *([f"from {recipe_file}"] if recipe_file else [])])
