"""The files of a submission: fused, described, written, and never over another one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from custom.ensemble.hashes import table_hash
from custom.ensemble.inputs import Inputs
from custom.ensemble.pipeline import Judgement, Repairs
from custom.ensemble.recipe import Recipe, fuse_recipe
from custom.errors import PodiumError
from custom.files import canonical_hash, read_json, sha256_of, write_json
from custom.submission import Finding, blocks, check_predictions, write_submission
from custom.submission.formats import format_of
from custom.tables import Predictions


@dataclass(frozen=True)
class Submission:
    """What the checker says of a submission, and its files where nothing blocks it.

    Attributes:
        files: What was written, COCO results first; nothing where an error blocks it.
        num_boxes: How many boxes it has.
        notes: What was changed or noticed on the way.
        findings: What the checker found.
    """

    files: tuple[Path, ...]
    num_boxes: int
    notes: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def is_fit(self) -> bool:
        """Whether the checker lets it be sent."""
        return not blocks(self.findings)


@dataclass(frozen=True)
class Target:
    """Where a submission goes.

    Attributes:
        folder: The folder.
        name: The files' name. None: it tells method, number of files and content, so that the
            same command writes the same files.
        format_name: The format of the CSV, a key of `custom.submission.FORMATS`.
        overwrite: Replace another submission of that name.
        metric: What decides; None for what the format's competition scores by.
    """

    folder: Path
    name: str | None = None
    format_name: str = "trash"
    overwrite: bool = False
    metric: str | None = None


def submit(
    inputs: Inputs,
    recipe: Recipe,
    repairs: Repairs,
    judgement: Judgement | None,
    target: Target,
) -> Submission:
    """Fuse the files, check the result, and write it unless an error blocks it.

    Written are `<name>.json`, `<name>.csv` and `<name>.meta.json`; no CSV where the format is JSON.

    Args:
        inputs: What is fused.
        recipe: With which parameters; weights are by file.
        repairs: What may be done to boxes that are not right.
        judgement: What that scored, for the record.
        target: Where it goes.

    Raises:
        PodiumError: If the inputs do not fit, or the name is taken by another submission.
    """
    models, notes = repairs.apply(inputs.models, inputs.images)
    fused = fuse_recipe(recipe, models, inputs.images)
    meta = describe(inputs, recipe, repairs, judgement)
    method = recipe.configs[0].method
    name = target.name or f"{method}_{len(inputs.models)}models_{meta['inputs_hash'][:8]}"
    meta_file = target.folder / f"{name}.meta.json"
    _check_free(meta_file, meta, target.overwrite)
    table, notes = fused.predictions, [*notes, *fused.notes]
    findings = check_predictions(
        table, target.format_name, inputs.images, inputs.categories, target.metric
    )
    files = [] if blocks(findings) else _write(inputs, table, target.format_name, meta_file, meta)
    return Submission(tuple(files), table.num_boxes, tuple(notes), tuple(findings))


def _write(
    inputs: Inputs,
    table: Predictions,
    format_name: str,
    meta_file: Path,
    meta: dict[str, Any],
) -> list[Path]:
    """Write a submission beside its record, all or nothing; return the files, without the record.

    The record's `hash` is of the file that is uploaded.
    """
    stem = meta_file.name.removesuffix(".meta.json")
    formats = dict.fromkeys(("coco", format_name))
    files = [meta_file.with_name(stem + format_of(name).suffix) for name in formats]
    with _all_or_none(*files, meta_file):
        for path, name in zip(files, formats, strict=True):
            write_submission(path, table, inputs.images, inputs.categories, name)
        hashes = {path.suffix.removeprefix("."): sha256_of(path) for path in files}
        write_json(meta_file, {**meta, "hash": sha256_of(files[-1]), "hashes": hashes})
    return files


def describe(
    inputs: Inputs, recipe: Recipe, repairs: Repairs, judgement: Judgement | None
) -> dict[str, Any]:
    """Return what is kept of a submission: its models, its parameters, its score on val."""
    parameters = {"configs": [config.to_dict() for config in recipe.configs], **asdict(repairs)}
    tables = [table_hash(model) for model in inputs.models]
    return {
        "runs": list(inputs.names),
        "recipe": parameters,
        "inputs_hash": canonical_hash([parameters, tables]),
        "split_hash": judgement.split_hash if judgement else None,
        "val": _score_entry(judgement) if judgement else None,
    }


def _score_entry(judgement: Judgement) -> dict[str, Any]:
    return {
        "metric": judgement.metric.name,
        "value": judgement.fused,
        "interval": list(judgement.interval),
        "singles": judgement.singles,
    }


@contextmanager
def _all_or_none(*paths: Path) -> Iterator[None]:
    """Remove those of `paths` that are new when the block fails, as on a full disk."""
    new = [path for path in paths if not path.exists()]
    try:
        yield
    except PodiumError:
        for path in new:
            if path.is_file():
                path.unlink()
        raise


def _check_free(meta_file: Path, meta: dict[str, Any], overwrite: bool) -> None:
    """Refuse to write over another submission."""
    if overwrite or not meta_file.exists():
        return
    if read_json(meta_file).get("inputs_hash") != meta["inputs_hash"]:
        raise PodiumError(
            f"{meta_file} must be free or of the same submission, but is of another; choose "
            "another --name, or replace it with --overwrite"
        )
