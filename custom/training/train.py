"""Train one run: check first, train, and leave what the design says on disk."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.runner import Runner

from custom import runs
from custom.evaluation import coco_figures
from custom.runs import RunRecord
from custom.runs.config import write_config
from custom.splits import read_split, select_part
from custom.tables.coco import read_ground_truth, read_results, write_results
from custom.training.all_folds import cross_validated
from custom.training.building import explain_refusals
from custom.training.checks import check_before_training
from custom.training.config_text import formatted_once
from custom.training.folder import (
    Trained,
    explain_interruption,
    folder_in_use,
    read_trained,
    remove_leftovers,
    write_trained,
)
from custom.training.hooks import BestHook
from custom.training.hooks.memory import explain_out_of_memory
from custom.training.hooks.own import add_own_hooks
from custom.training.hooks.resume_point import RESUME_POINT
from custom.training.inspection import inspect_config
from custom.training.interrupts import interruptible
from custom.training.prediction import predict
from custom.training.publish import BEST, PREDICTIONS, publish_best, publish_last
from custom.training.record import make_record
from custom.training.saving import name_folder_without_room
from custom.training.seeding import agreed, join_processes, set_everything
from custom.training.seeding.config import training_values
from custom.training.visualization import use_tracking
from custom.training.workers import ended_workers

logger = logging.getLogger(__name__)


def train(config: Config, config_file: str | Path, resume: bool = False) -> RunRecord:
    """Train a resolved config and return its record.

    The run's folder then holds `config.json` and, the same for people, `config.py`; `best.pth` (the
    weights of the best validation, or the last ones on all folds), `val.json` (their predictions on
    the fold) and, written last, `run.json`. Whatever ends it before that, the same with `resume`
    does what is missing.

    Args:
        config: What `load_config` returned.
        config_file: The file it came from, for the record.
        resume: Go on from the last checkpoint of the run's folder.

    Raises:
        PodiumError: If the data, the split or the folder is not fit for it.
        Interrupted: After Ctrl-C or SIGTERM, with how to go on.
    """
    folder = Path(config.work_dir)
    join_processes(config)
    with (
        explain_interruption(folder),
        interruptible(),
        folder_in_use(folder, resume) as point,
        name_folder_without_room(folder),
        formatted_once(),
    ):
        for issue in inspect_config(config_file):
            if issue.level == "warning":
                logger.warning("%s", issue)
        check_before_training(config)
        resolved, text = config.to_dict(), config.pretty_text
        trained = read_trained(folder, config) or run_training(config, config_file, point)
        metrics = publish(config, trained)
        record: Any = None
        if is_main_process():
            write_config(folder, resolved, text)
            record = make_run_record(config, resolved, config_file, metrics, trained["seconds"])
            runs.write_record(folder, record)
            remove_leftovers(folder)
    return agreed(record)


def run_training(config: Config, config_file: str | Path, point: Path | None) -> Trained:
    """Train, from a resume point if there is one, and note in the folder that it is done."""
    folder, values = Path(config.work_dir), training_values(config)
    if point is None:
        if is_main_process():
            write_config(folder, config.to_dict(), config.pretty_text)
        if config.load_from:
            start_from(config, config.pop("load_from"))
    else:
        config.load_from, config.resume = str(point), True
    add_own_hooks(config)
    use_tracking(config)
    set_everything(config.randomness.seed)
    started = time.monotonic()
    with (
        explain_refusals(config_file),
        explain_out_of_memory(config),
        ended_workers(Runner.from_cfg(config)) as runner,
    ):
        runner.train()
    kept = next(hook for hook in runner.hooks if isinstance(hook, BestHook))
    trained = Trained(
        best=kept.best,
        training=kept.training,
        seconds=time.monotonic() - started,
        trained_on=values,
    )
    if is_main_process():
        write_trained(folder, trained)
    return trained


def publish(config: Config, trained: Trained) -> dict[str, float] | None:
    """Leave `best.pth` and `val.json` in the run's folder, and return the metrics.

    A run on all folds, which nothing validates, gets the last weights, and no metrics.
    """
    folder, metrics = Path(config.work_dir), None
    if config.competition.fold is None:
        if is_main_process():
            publish_last(folder, folder / RESUME_POINT)
        return None
    if is_main_process():
        metrics = publish_best(folder, trained["best"], trained["training"])
    if (metrics := agreed(metrics)) is None:
        predictions, metrics = predict(config, folder / BEST, "val")
        if is_main_process():
            categories = read_ground_truth(config.val_evaluator.ann_file).categories
            write_results(folder / PREDICTIONS, predictions, categories)
    return metrics


def make_run_record(
    config: Config,
    resolved: Mapping[str, Any],
    config_file: str | Path,
    metrics: dict[str, float] | None,
    seconds: float,
) -> RunRecord:
    """Return the record of a run whose `best.pth` and `val.json` are written."""
    if metrics is None:
        record = make_record(config, resolved, config_file, None, seconds, {})
        run = runs.Run(Path(config.work_dir), record)
        return replace(record, cross_validated=cross_validated(run))
    competition, path = config.competition, Path(config.work_dir) / PREDICTIONS
    gt = read_ground_truth(config.val_evaluator.ann_file)
    gt = gt.take(select_part(read_split(competition.split), competition.fold, "val", gt.images))
    figures = coco_figures(gt, read_results(path, gt.images, gt.categories))
    record = make_record(config, resolved, config_file, metrics, seconds, figures)
    return replace(record, predictions={"val": runs.predictions_entry(path)})


def start_from(config: Config, checkpoint: str) -> None:
    """Let the training start from another detector's weights, adapted to its classes."""
    hook = dict(type="InitWeightsHook", checkpoint=checkpoint)
    # Not among the custom hooks: a resumed training has none such, which would be a changed config.
    config.default_hooks["init_weights"] = {**hook, "classes": list(config.competition.classes)}
