"""The files of a submission: fused, described, written, and never over another one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from custom.ensemble.hashes import table_hash
from custom.ensemble.inputs import Inputs
from custom.ensemble.pipeline import Judgement, Repairs
from custom.ensemble.recipe import Recipe, fuse_recipe
from custom.errors import PodiumError
from custom.files import canonical_hash, sha256_of
from custom.submission import Finding, blocks, check_predictions, write_submission
from custom.submission.formats import format_of
from custom.submission.meta import Meta, ValEntry, meta_file_of, read_meta, write_meta
from custom.tables import Predictions
from custom.typed_json import known


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
    name = target.name or f"{method}_{len(inputs.models)}models_{meta.inputs_hash[:8]}"
    path = target.folder / f"{name}.json"
    _check_free(path, meta, target.overwrite)
    table, notes = fused.predictions, [*notes, *fused.notes]
    findings = check_predictions(
        table, target.format_name, inputs.images, inputs.categories, target.metric
    )
    files = [] if blocks(findings) else _write(inputs, table, target.format_name, path, meta)
    return Submission(tuple(files), table.num_boxes, tuple(notes), tuple(findings))


def _write(
    inputs: Inputs,
    table: Predictions,
    format_name: str,
    json_file: Path,
    meta: Meta,
) -> list[Path]:
    """Write a submission beside its record, all or nothing; return the files, without the record.

    The record's `hash` is of the file that is uploaded.
    """
    formats = dict.fromkeys(("coco", format_name))
    files = [json_file.with_suffix(format_of(name).suffix) for name in formats]
    with _all_or_none(*files, meta_file_of(json_file)):
        for path, name in zip(files, formats, strict=True):
            write_submission(path, table, inputs.images, inputs.categories, name)
        hashes = {path.suffix.removeprefix("."): sha256_of(path) for path in files}
        write_meta(json_file, meta, sha256_of(files[-1]), **hashes)
    return files


def describe(inputs: Inputs, recipe: Recipe, repairs: Repairs, judgement: Judgement | None) -> Meta:
    """Return what is kept of a submission: its models, its parameters, its score on val."""
    parameters = {"configs": [config.to_dict() for config in recipe.configs], **asdict(repairs)}
    tables = [table_hash(model) for model in inputs.models]
    return Meta(
        runs=inputs.names,
        recipe=parameters,
        split_hash=judgement.split_hash if judgement else None,
        val=_score_entry(judgement) if judgement else None,
        inputs_hash=canonical_hash([parameters, tables]),
    )


def _score_entry(judgement: Judgement) -> ValEntry:
    singles = {name: known(value) for name, value in judgement.singles.items()}
    interval = None if math.isnan(sum(judgement.interval)) else judgement.interval
    return ValEntry(judgement.metric.name, known(judgement.fused), interval, singles)


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


def _check_free(path: Path, meta: Meta, overwrite: bool) -> None:
    """Refuse to write over another submission."""
    meta_file = meta_file_of(path)
    if overwrite or not meta_file.exists():
        return
    if read_meta(path).inputs_hash != meta.inputs_hash:
        raise PodiumError(
            f"{meta_file} must be free or of the same submission, but is of another; choose "
            "another --name, or replace it with --overwrite"
        )
