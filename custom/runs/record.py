"""What `run.json` holds: one typed record, with one reader and one writer.

    {
      "name": "universenet_fold0", "split": {"path": ..., "hash": ...}, "fold": 0,
      "data": {"train": {"ann_file": ..., "hash": ...}, "val": ..., "test": ...},
      "metrics": {"AP50": {"value": 0.61, "per_class": {"Paper": 0.55, ...}}, "AP": ...},
      "format": 2, "task": "detection", "trainer": {"name": "mmdet", "version": "3.5.1"},
      "metric": "AP50", "seed": 42, ...
    }

`metric` names the competition's metric, one of `metrics`, whose names are those of
`custom.evaluation.METRICS`; values run from 0 to 1, and null stands where there was nothing to
score. Keys that this version does not know are kept. Format 1, which had no such key, is read
too: its metrics were `{"mAP50": ..., "mAP": ..., "per_class": {...}}`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from custom.errors import PodiumError
from custom.evaluation.metrics import DEFAULT_METRIC
from custom.files import PathLike, locked, read_json, sha256_of, write_json
from custom.run_folder import RECORD
from custom.runs.entries import (
    CrossValidated,
    DataEntry,
    Extra,
    KeptVerdict,
    MetricValue,
    PseudoLabels,
    Source,
    SplitEntry,
    ThresholdChoice,
    Trainer,
)
from custom.runs.procedure import PredictionsEntry
from custom.typed_json import from_json, to_json

FORMAT = 2
# What the metrics of format 1 are called since, and where their values by class go.
_OLD_METRICS = {"mAP50": DEFAULT_METRIC, "mAP": "AP"}


@dataclass(frozen=True)
class RunRecord:
    """All that is known of a run.

    Attributes:
        name: The folder's name when it was made.
        split: The sealed split.
        fold: Whose val images it has not seen; None where it has seen all.
        data: The annotation files of "train", "val" and "test", as far as there are any.
        metrics: What was measured on the fold, by the metric's name.
        format: The version of this layout.
        task: What it predicts, one of `custom.competition.TASKS`.
        exclusive: Whether an image or a region has exactly one of the classes.
        trainer: What trained it; None if unknown, or if nothing was trained.
        made_from: The runs and files that it was made from, where it was not trained.
        competition: The competition's name.
        config: The config file it was trained with; empty where there is none.
        model: What the folds of one model share, where config and seed do not tell.
        seed: Of the training; None if unknown.
        metric: The name of the competition's metric.
        submission_format: How the competition takes predictions, a key of
            `custom.submission.FORMATS`; empty where that is not recorded.
        thresholds: The score above which a box of a class counts, by class name.
        threshold_choice: How these were chosen, where `tools/thresholds.py` did it.
        predictions: What is known of the predictions on "val" and "test".
        tta: Whether the test predictions are merged over flips and scales, in records from before
            `predictions` said it.
        cross_validated: Of a run on all folds: what its siblings on one fold each score; None where
            there are none, and for other runs.
        pseudo_labels: Where those that it was trained on came from; None if there were none.
        config_hash: Of the resolved config.
        checkpoint_hash: SHA-256 of `best.pth`.
        code: The revision of the checkout, and whether tracked files differed from it.
        versions: Of packages, Python and the platform.
        device: The GPU's name, or "cpu".
        wall_time_s: How long the training took.
        verdict: What the gate said.
        note: What the team wants to remember.
        extra: Keys of other programs and of later versions.
    """

    name: str
    split: SplitEntry
    fold: int | None
    data: Mapping[str, DataEntry]
    metrics: Mapping[str, MetricValue]
    format: int = FORMAT
    task: str = "detection"
    exclusive: bool = False
    trainer: Trainer | None = None
    made_from: tuple[Source, ...] = ()
    competition: str = ""
    config: str = ""
    model: str = ""
    seed: int | None = None
    metric: str = DEFAULT_METRIC
    submission_format: str = ""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    threshold_choice: ThresholdChoice | None = None
    predictions: Mapping[str, PredictionsEntry] = field(default_factory=dict)
    tta: bool | None = None
    cross_validated: CrossValidated | None = None
    pseudo_labels: PseudoLabels | None = None
    config_hash: str | None = None
    checkpoint_hash: str | None = None
    code: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    device: str | None = None
    wall_time_s: float | None = None
    verdict: KeptVerdict | None = None
    note: str = ""
    extra: Extra = field(default_factory=dict)

    def value(self, metric: str | None = None) -> float:
        """Return what a metric gave, the competition's if None; NaN where it is not known."""
        found = self.metrics.get(metric or self.metric)
        return math.nan if found is None or found.value is None else found.value

    def per_class(self, metric: str | None = None) -> dict[str, float]:
        """Return what a metric gave by class, the competition's if None; NaN without boxes."""
        found = self.metrics.get(metric or self.metric, MetricValue())
        return {name: math.nan if v is None else v for name, v in found.per_class.items()}


def read_record(folder: PathLike) -> RunRecord:
    """Read the `run.json` of a run's folder.

    Raises:
        PodiumError: If it is missing, or lacks something; file and key are named.
    """
    path = Path(folder) / RECORD
    return from_json(RunRecord, _upgraded(read_json(path), str(path)), str(path))


def write_record(folder: PathLike, record: RunRecord) -> None:
    """Write a run's `run.json`, whole; its presence says that the run is finished."""
    write_json(Path(folder) / RECORD, to_json(record))


def update_record(folder: PathLike, **values: Any) -> None:
    """Replace fields of a run's `run.json`; several processes may do so at once.

    A mapping, such as `data`, is added to what is there; its keys win.
    """
    with locked(Path(folder) / RECORD):
        record = read_record(folder)
        merged: dict[str, Any] = {
            name: {**getattr(record, name), **value} if isinstance(value, Mapping) else value
            for name, value in values.items()
        }
        write_record(folder, replace(record, **merged))


def keep_thresholds(
    folder: PathLike, score_thrs: Mapping[str, float], choice: ThresholdChoice
) -> None:
    """Replace the thresholds in a run's `run.json`: those chosen before go, whatever they were."""
    with locked(Path(folder) / RECORD):
        record = read_record(folder)
        write_record(folder, replace(record, thresholds=score_thrs, threshold_choice=choice))


def data_entry(ann_file: PathLike) -> DataEntry:
    """Return what a record keeps of an annotation file: its path and hash."""
    return DataEntry(str(ann_file), sha256_of(ann_file))


def _upgraded(content: Any, where: str) -> Any:
    """Return the content of a record in the present layout."""
    if not isinstance(content, dict):
        return content
    version = content.get("format", 1)
    if version == FORMAT:
        return content
    if version != 1 or isinstance(version, bool):
        raise PodiumError(
            f"{where}: format must be 1 to {FORMAT}, but is {version!r}; was it written by a later "
            "version of Podium?"
        )
    upgraded = {"trainer": {"name": "mmdet"}, **content, "format": FORMAT}
    if isinstance(content.get("metrics"), dict):
        upgraded["metrics"] = _upgraded_metrics(content["metrics"])
    return upgraded


def _upgraded_metrics(old: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metrics of format 1 with one entry a metric."""
    metrics = {
        _OLD_METRICS.get(name, name): {"value": value}
        for name, value in old.items()
        if name != "per_class"
    }
    if "per_class" in old:
        metrics.setdefault(DEFAULT_METRIC, {})["per_class"] = old["per_class"]
    return metrics
