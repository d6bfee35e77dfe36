"""The files of a submission: fused, described, written, and never over another one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from custom.ensemble.evaluate import Evaluation
from custom.ensemble.fusing import FusionResult
from custom.ensemble.inputs import Inputs
from custom.ensemble.preparing import Repairs
from custom.ensemble.recipe import Recipe, fuse_recipe, is_recipe_file, write_recipe
from custom.file_sets import complete, together
from custom.files import (
    PathLike,
    canonical_hash,
    check_plain_name,
    check_replaceable,
    sha256_of,
)
from custom.submission import Issue, blocks, check_predictions, write_submission
from custom.submission.formats import format_of
from custom.submission.meta import (
    SUFFIX,
    Meta,
    ValEntry,
    meta_file_of,
    read_meta,
    write_meta,
)
from custom.tables import Predictions
from custom.typed_json import known


@dataclass(frozen=True)
class Submission:
    """What the checker says of a submission, and its files where nothing blocks it.

    Attributes:
        files: What was written, COCO results first; nothing where an error blocks it.
        num_boxes: How many boxes it has.
        notes: What was changed or noticed on the way.
        issues: What the checker found.
        recipe_file: The recipe that was written beside it, if one was.
    """

    files: tuple[Path, ...]
    num_boxes: int
    notes: tuple[str, ...]
    issues: tuple[Issue, ...]
    recipe_file: Path | None = None

    @property
    def upload(self) -> Path:
        """The file to send."""
        return self.files[-1]

    @property
    def is_fit(self) -> bool:
        """Whether the checker lets it be sent."""
        return not blocks(self.issues)


@dataclass(frozen=True)
class Target:
    """Where a submission goes.

    Attributes:
        folder: The folder.
        name: The files' name. None: it tells method, number of files and content, so that the
            same command writes the same files.
        format_name: The format of the CSV, a key of `custom.submission.FORMATS`.
        overwrite: Replace files of that name, whatever they are.
        metric: What decides; None for what the format's competition scores by.
        inputs: What was read, which is not written over.
        recipe_file: Where a recipe goes that was found on the way; None: beside the submission.
    """

    folder: Path
    name: str | None = None
    format_name: str = "trash"
    overwrite: bool = False
    metric: str | None = None
    inputs: tuple[PathLike, ...] = ()
    recipe_file: PathLike | None = None


def submit(
    inputs: Inputs,
    recipe: Recipe,
    repairs: Repairs,
    evaluation: Evaluation | None,
    target: Target,
    fused: FusionResult | None = None,
    found: Recipe | None = None,
) -> Submission:
    """Fuse the files, check the result, and write it unless an error blocks it.

    Written are `<name>.json`, `<name>.csv` and `<name>.meta.json`; no CSV where the format is JSON.
    A recipe that was found on the way becomes `<name>.recipe.json`.

    Args:
        inputs: What is fused, prepared.
        recipe: With which parameters; weights are by file.
        repairs: What they were prepared with, for the record.
        evaluation: What it scored, for the record.
        target: Where it goes.
        fused: What comes out, where that is known already.
        found: A recipe to write beside it.

    Raises:
        PodiumError: If the inputs do not fit, or a file would be written over that is an input or
            not of this submission.
    """
    meta = describe(inputs, recipe, repairs, evaluation)
    files = _files(target, recipe, meta)
    recipe_file = None if found is None else _recipe_file(target, files)
    complete(target.folder)
    check_replaceable(
        [*files.values(), meta_file_of(files["coco"]), *filter(None, [recipe_file])],
        target.inputs,
        target.overwrite,
        lambda path: _is_recipe(path, found) if path == recipe_file else _is_of(path, meta),
        "choose another --name, or replace it with --overwrite",
    )
    fused = fused or fuse_recipe(recipe, inputs.models, inputs.images)
    issues = check_predictions(
        fused.predictions,
        target.format_name,
        inputs.images,
        inputs.categories,
        target.metric,
        recipe.keeps_raw_scores,
    )
    num_boxes = fused.predictions.num_boxes
    if blocks(issues):
        return Submission((), num_boxes, fused.notes, tuple(issues))
    recipe_to_write = None if recipe_file is None or found is None else (recipe_file, found)
    written = _write(inputs, fused.predictions, files, meta, recipe_to_write)
    return Submission(tuple(written), num_boxes, fused.notes, tuple(issues), recipe_file)


def _files(target: Target, recipe: Recipe, meta: Meta) -> dict[str, Path]:
    """Return the files to write, without the record, by format; COCO results first."""
    config, num_models = recipe.configs[0], len(meta.runs)
    num_used = num_models - (config.weights or ()).count(0.0)
    models = f"{num_models}models" if num_used == num_models else f"{num_used}of{num_models}models"
    made = f"{config.method}_{models}_{meta.inputs_hash[:8]}"
    name = made if target.name is None else target.name
    formats = dict.fromkeys(("coco", target.format_name))
    return {
        each: target.folder / f"{check_plain_name(name)}{format_of(each).suffix}"
        for each in formats
    }


def _recipe_file(target: Target, files: dict[str, Path]) -> Path:
    if target.recipe_file is not None:
        return Path(target.recipe_file)
    return files["coco"].with_suffix(".recipe.json")


def _is_recipe(path: Path, recipe: Recipe | None) -> bool:
    """Whether a file is this recipe, as it would be written again."""
    return recipe is not None and is_recipe_file(path, recipe)


def _is_of(path: Path, meta: Meta) -> bool:
    """Whether a file is of the same submission, and still as it was written."""
    if path.name.endswith(SUFFIX):
        path = path.with_name(path.name.removesuffix(SUFFIX) + ".json")
        return read_meta(path).inputs_hash == meta.inputs_hash
    known = read_meta(path)
    written = known.hashes.get(path.suffix.removeprefix(".")) if known.hashes else None
    return known.inputs_hash == meta.inputs_hash and sha256_of(path) == written


def _write(
    inputs: Inputs,
    table: Predictions,
    files: dict[str, Path],
    meta: Meta,
    recipe: tuple[Path, Recipe] | None,
) -> list[Path]:
    """Write a submission beside its record, all or nothing; return the files, without the record.

    The record's `hash` is of the file that is uploaded.
    """
    first = files["coco"]
    with together(first.parent, first.stem) as new:
        paths = [new / path.name for path in files.values()]
        for name, path in zip(files, paths, strict=True):
            write_submission(path, table, inputs.images, inputs.categories, name)
        hashes = {path.suffix.removeprefix("."): sha256_of(path) for path in paths}
        write_meta(paths[0], meta, sha256_of(paths[-1]), **hashes)
        if recipe is not None:
            beside = recipe[0].parent == first.parent
            write_recipe(new / recipe[0].name if beside else recipe[0], recipe[1])
    return list(files.values())


def describe(
    inputs: Inputs, recipe: Recipe, repairs: Repairs, evaluation: Evaluation | None
) -> Meta:
    """Return what is kept of a submission: its models, its parameters, its score on val."""
    configs = [config.to_dict() for config in recipe.configs]
    parameters = {"configs": configs, **repairs.to_dict()}
    return Meta(
        runs=inputs.names,
        recipe=parameters,
        split_hash=evaluation.split_hash if evaluation else None,
        val=_score_entry(evaluation) if evaluation else None,
        inputs_hash=canonical_hash([parameters, list(inputs.digests)]),
    )


def _score_entry(evaluation: Evaluation) -> ValEntry:
    singles = {name: known(value) for name, value in evaluation.singles.items()}
    interval = None if math.isnan(sum(evaluation.interval)) else evaluation.interval
    return ValEntry(evaluation.metric.name, known(evaluation.fused), interval, singles)
