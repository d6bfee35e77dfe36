"""Train one run: check first, train, and leave what the design says on disk."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import barrier, is_main_process
from mmengine.runner import Runner

from custom import runs
from custom.evaluation import coco_figures
from custom.runs import RunRecord
from custom.runs.config import write_config
from custom.tables.coco import read_ground_truth, write_results
from custom.training.building import explain_refusals
from custom.training.checks import check_before_training
from custom.training.folder import check_folder
from custom.training.hooks.memory import explain_out_of_memory
from custom.training.inspection import inspect_config
from custom.training.prediction import predict
from custom.training.publish import publish_best
from custom.training.record import make_record
from custom.training.saving import name_folder_without_room
from custom.training.seeding import join_processes_on_cpu, set_everything
from custom.training.visualization import use_tracking

logger = logging.getLogger(__name__)


def train(config: Config, config_file: str | Path, resume: bool = False) -> RunRecord:
    """Train a resolved config and return its record.

    The run's folder then holds `config.json` and, the same for people, `config.py`; `best.pth` (the
    weights of the best validation), `val.json` (their predictions on the fold) and, written last,
    `run.json`.

    Args:
        config: What `load_config` returned.
        config_file: The file it came from, for the record.
        resume: Go on from the last checkpoint of the run's folder.

    Raises:
        PodiumError: If the data, the split or the folder is not fit for it.
    """
    folder = Path(config.work_dir)
    point = check_folder(folder, resume)
    for finding in inspect_config(config_file):
        if finding.level == "warning":
            logger.warning("%s", finding)
    check_before_training(config)
    resolved, text = config.to_dict(), config.pretty_text
    if point is None:
        write_config(folder, resolved, text)
    else:
        config.load_from, config.resume = str(point), True
    if point is None and config.load_from:
        start_from(config, config.pop("load_from"))
    use_tracking(config)
    set_everything(config.randomness.seed)
    join_processes_on_cpu(config)
    started = time.monotonic()
    with (
        explain_refusals(config_file),
        explain_out_of_memory(config),
        name_folder_without_room(folder),
    ):
        Runner.from_cfg(config).train()
    seconds = time.monotonic() - started
    if is_main_process():
        publish_best(folder)
    barrier()
    predictions, metrics = predict(config, folder / "best.pth", "val")
    gt = read_ground_truth(config.val_evaluator.ann_file)
    figures = coco_figures(gt.take_ids(predictions.image_ids), predictions)
    record = make_record(config, resolved, config_file, metrics, seconds, figures)
    if is_main_process():
        write_config(folder, resolved, text)
        write_results(folder / "val.json", predictions, gt.categories)
        entry = runs.predictions_entry(folder / "val.json")
        record = replace(record, predictions={"val": entry})
        runs.write_record(folder, record)
    return record


def start_from(config: Config, checkpoint: str) -> None:
    """Let the training start from another detector's weights, adapted to its classes."""
    hook = dict(type="InitWeightsHook", checkpoint=checkpoint)
    # Not among the custom hooks: a resumed training has none such, which would be a changed config.
    config.default_hooks["init_weights"] = {**hook, "classes": list(config.competition.classes)}
