"""What `run.json` keeps of a finished training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config

from custom import runs
from custom.evaluation import Score
from custom.evaluation.metrics.base import SCORE_THR_KEY
from custom.files import sha256_of
from custom.pseudo_labels import pseudo_labels_for
from custom.runs import MetricValue, RunRecord, SplitEntry, Trainer
from custom.runs.config import config_hash
from custom.splits import read_split
from custom.training.extra_data import describe_extra_data
from custom.training.metric import competition_metric
from custom.typed_json import known


def make_record(
    config: Config,
    resolved: Mapping[str, Any],
    config_file: str | Path,
    metrics: dict[str, float] | None,
    seconds: float,
    figures: Mapping[str, Score],
) -> RunRecord:
    """Return what `run.json` keeps of a finished run.

    Args:
        config: What was trained.
        resolved: Its config as data.
        config_file: The file it came from.
        metrics: What the validation of `best.pth` gave, by key; None for a run on all folds, which
            nothing evaluates.
        seconds: How long the training took.
        figures: COCO's figures of the same predictions.
    """
    competition = config.competition
    split = read_split(competition.split)
    folder = Path(config.work_dir)
    train_file = Path(competition.data_root) / competition.train_ann
    files = {"train": train_file}
    if metrics is not None:
        files["val"] = config.val_evaluator.ann_file
    versions = runs.environment()
    return RunRecord(
        name=folder.name,
        split=SplitEntry(str(competition.split), split.hash),
        fold=competition.fold,
        data={part: runs.data_entry(file) for part, file in files.items()},
        metrics={} if metrics is None else metric_values(config, metrics, figures),
        metric=competition_metric(config).name,
        submission_format=competition.get("format", "coco"),
        task=competition.get("task", "detection"),
        exclusive=competition.get("exclusive", False),
        thresholds=thresholds(config, metrics or {}),
        trainer=Trainer("mmdet", versions["onedl-mmdetection"]),
        competition=competition.name,
        config=str(config_file),
        seed=config.randomness["seed"],
        pseudo_labels=pseudo_labels_for(train_file, split.hash, competition.fold),
        config_hash=config_hash(resolved),
        checkpoint_hash=sha256_of(folder / "best.pth"),
        code=runs.code_state(Path(__file__).parent),
        versions=versions,
        device=torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        wall_time_s=seconds,
        extra={"extra_train": extra} if (extra := describe_extra_data(config)) else {},
    )


def metric_values(
    config: Config, metrics: Mapping[str, float], figures: Mapping[str, Score]
) -> dict[str, MetricValue]:
    """Return what a record keeps of the scores of `val.json`, each by class.

    The competition's metric is what the validation gave, which chose `best.pth`; COCO's figures are
    beside it.
    """
    metric = competition_metric(config)
    classes = config.competition.classes
    per_class = {name: known(metrics[metric.class_key(name)]) for name in classes}
    values = {metric.name: MetricValue(known(metrics[metric.key]), per_class)}
    for name, score in figures.items():
        by_class = zip(score.class_names, map(known, score.per_class.tolist()), strict=True)
        values.setdefault(name, MetricValue(known(score.value), dict(by_class)))
    return values


def thresholds(config: Config, metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the score that a box counts from, by class; nothing where all boxes count."""
    score_thr = metrics.get(SCORE_THR_KEY)
    return {} if score_thr is None else dict.fromkeys(config.competition.classes, score_thr)
