"""From prediction files to a checked submission: score, judge, fuse, write."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from custom.ensemble.checks import prepare
from custom.ensemble.config import FusionConfig
from custom.ensemble.fusing import fuse_prepared, fuse_with_notes
from custom.ensemble.hashes import table_hash
from custom.ensemble.inputs import Inputs, ValInputs
from custom.errors import PodiumError
from custom.evaluation import score
from custom.files import canonical_hash, read_json, sha256_of, write_json
from custom.submission import write_submission
from custom.tables.coco import write_results


@dataclass(frozen=True)
class Repairs:
    """What may be done to boxes that are not right, each only where it is asked for by name."""

    clip: bool = False
    drop_degenerate: bool = False


@dataclass(frozen=True)
class Judgement:
    """What the ensemble scores on labelled images, beside each of its models.

    Attributes:
        singles: AP50 by model.
        fused: AP50 of the ensemble, by the same parameters as the submission.
        split_hash: Of the sealed split; empty where there is none.
    """

    singles: dict[str, float]
    fused: float
    split_hash: str = ""

    @property
    def best_single(self) -> float:
        """The highest AP50 of a model alone."""
        return max(self.singles.values())

    @property
    def is_gain(self) -> bool:
        """Whether the ensemble is above its best model; never where it cannot be scored."""
        return self.fused > self.best_single


@dataclass(frozen=True)
class Submission:
    """The files that were written, and what was noticed on the way."""

    json_file: Path
    csv_file: Path
    num_boxes: int
    notes: tuple[str, ...] = field(default=())


def judge(val: ValInputs, config: FusionConfig, repairs: Repairs | None = None) -> Judgement:
    """Score every model and the ensemble on the labelled images, with AP50."""
    repairs = repairs or Repairs()
    config = replace(config, weights=val.weights(config.weights))
    models, _ = prepare(val.models, val.gt.images, repairs.clip, repairs.drop_degenerate)
    singles = {
        name: score(val.gt, model).value for name, model in zip(val.names, models, strict=True)
    }
    fused = fuse_prepared(models, val.gt.images.sizes_hw, config)
    return Judgement(singles, score(val.gt, fused).value, val.split_hash)


def submit(
    inputs: Inputs,
    config: FusionConfig,
    judgement: Judgement | None,
    folder: str | Path,
    name: str | None = None,
    format_name: str = "trash",
    repairs: Repairs | None = None,
    overwrite: bool = False,
) -> Submission:
    """Fuse the files and write `<name>.json`, `<name>.csv` and `<name>.meta.json`.

    Args:
        inputs: What is fused.
        config: With which method and parameters.
        judgement: What that scored, for the record.
        folder: Where to write.
        name: Without it, the name tells method, number of models and their content, so that the
            same command writes the same files.
        format_name: The format of the CSV, a key of `custom.submission.FORMATS`.
        repairs: What may be done to boxes that are not right.
        overwrite: Replace files of that name.

    Raises:
        PodiumError: If the inputs do not fit, or `name` is taken by another submission.
    """
    repairs = repairs or Repairs()
    fused = fuse_with_notes(inputs.models, inputs.images, config, **asdict(repairs))
    meta = describe(inputs, config, repairs, judgement)
    name = name or f"{config.method}_{len(inputs.models)}models_{meta['inputs_hash'][:8]}"
    files = [Path(folder) / f"{name}{suffix}" for suffix in (".json", ".csv", ".meta.json")]
    _check_free(files[2], meta, overwrite)
    # The CSV first: it refuses what its format cannot hold, before anything is written.
    write_submission(files[1], fused.predictions, inputs.images, inputs.categories, format_name)
    write_results(files[0], fused.predictions, inputs.categories)
    hashes = {"json": sha256_of(files[0]), "csv": sha256_of(files[1])}
    write_json(files[2], {**meta, "hash": hashes["csv"], "hashes": hashes})
    return Submission(files[0], files[1], fused.predictions.num_boxes, fused.notes)


def describe(
    inputs: Inputs, config: FusionConfig, repairs: Repairs, judgement: Judgement | None
) -> dict[str, Any]:
    """Return what is kept of a submission: its models, its parameters, its score on val."""
    recipe = {**asdict(config), **asdict(repairs)}
    return {
        "runs": list(inputs.names),
        "recipe": recipe,
        "inputs_hash": canonical_hash([recipe, [table_hash(model) for model in inputs.models]]),
        "split_hash": judgement.split_hash if judgement else None,
        "val": {"mAP50": judgement.fused, "singles": judgement.singles} if judgement else None,
    }


def _check_free(meta_file: Path, meta: dict[str, Any], overwrite: bool) -> None:
    """Refuse to write over another submission."""
    if overwrite or not meta_file.exists():
        return
    if read_json(meta_file).get("inputs_hash") != meta["inputs_hash"]:
        raise PodiumError(
            f"{meta_file} must be free or of the same submission, but is of another; choose "
            "another --name, or replace it with --overwrite"
        )
