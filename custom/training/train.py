"""Train one run: check first, train, and leave what the design says on disk."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import torch
from mmengine.config import Config
from mmengine.dist import barrier, is_main_process
from mmengine.runner import Runner

from custom import runs
from custom.errors import PodiumError
from custom.files import canonical_hash, sha256_of, write_text
from custom.pseudo_labels import pseudo_labels_for
from custom.splits import read_split
from custom.tables.coco import read_ground_truth, write_results
from custom.training.building import explain_refusals
from custom.training.checks import check_before_training
from custom.training.hooks.memory import explain_out_of_memory
from custom.training.hooks.resume_point import find_resume_point
from custom.training.inspection import inspect_config
from custom.training.prediction import predict
from custom.training.saving import name_folder_without_room, save_checkpoint
from custom.training.seeding import join_processes_on_cpu, set_everything
from custom.training.visualization import use_tracking

logger = logging.getLogger(__name__)

BEST_KEY = "coco/bbox_mAP_50"


def train(config: Config, config_file: str | Path, resume: bool = False) -> dict[str, Any]:
    """Train a resolved config and return its record.

    The run's folder then holds `config.py`, `best.pth` (the weights of the best validation),
    `val.json` (their predictions on the fold) and, written last, `run.json`.

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
    resolved = config.pretty_text
    if point is None:
        write_text(folder / "config.py", resolved)
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
    record = make_record(config, resolved, config_file, metrics, seconds)
    if is_main_process():
        gt = read_ground_truth(config.val_evaluator.ann_file)
        write_text(folder / "config.py", resolved)
        write_results(folder / "val.json", predictions, gt.categories)
        runs.write_record(folder, record)
    return record


def start_from(config: Config, checkpoint: str) -> None:
    """Let the training start from another detector's weights, adapted to its classes."""
    hook = dict(type="InitWeightsHook", checkpoint=checkpoint)
    # Not among the custom hooks: a resumed training has none such, which would be a changed config.
    config.default_hooks["init_weights"] = {**hook, "classes": list(config.competition.classes)}


def check_folder(folder: Path, resume: bool) -> Path | None:
    """Return what to resume from; refuse to write over a run, or to resume where there is none.

    Raises:
        PodiumError: With the way out.
    """
    if (folder / runs.RECORD).exists():
        raise PodiumError(
            f"{folder} already holds a finished run; give --work-dir another folder, or move it"
        )
    point = find_resume_point(folder)
    if resume and point is None:
        raise PodiumError(f"--resume needs a resume point in {folder}, but there is none; drop it")
    if point is not None and resume and not is_zipfile(point):  # as torch's files are
        raise PodiumError(
            f"{point} must be a checkpoint, but is cut short; give another --work-dir"
        )
    if point is not None and not resume:
        raise PodiumError(
            f"{folder} holds an unfinished run; add --resume to go on, or give another --work-dir"
        )
    return point


def publish_best(folder: Path) -> None:
    """Write the best validation's weights, without optimizer state, to `best.pth`."""
    candidates = sorted(folder.glob("best_coco_bbox_mAP_50_*.pth"))
    if not candidates:
        raise PodiumError(
            f"{folder}: no validation gave {BEST_KEY}; is train_cfg.val_interval too large?"
        )
    checkpoint = torch.load(candidates[-1], map_location="cpu", weights_only=False)
    keys = ("epoch", "iter", "seed", "dataset_meta")
    meta = {key: checkpoint["meta"][key] for key in keys if key in checkpoint["meta"]}
    best = {"state_dict": checkpoint["state_dict"], "meta": meta}
    save_checkpoint(folder / "best.pth", best)


def make_record(
    config: Config,
    resolved: str,
    config_file: str | Path,
    metrics: dict[str, float],
    seconds: float,
) -> dict[str, Any]:
    """Return what `run.json` keeps of a finished run; `resolved` is the text of its config."""
    competition = config.competition
    split = read_split(competition.split)
    folder = Path(config.work_dir)
    train_file = Path(competition.data_root) / competition.train_ann
    return {
        "name": folder.name,
        "config": str(config_file),
        "competition": competition.name,
        "seed": config.randomness["seed"],
        "fold": competition.fold,
        "split": {"path": str(competition.split), "hash": split.hash},
        "data": {
            "train": runs.data_entry(train_file),
            "val": runs.data_entry(config.val_evaluator.ann_file),
        },
        "pseudo_labels": pseudo_labels_for(train_file, split.hash, competition.fold),
        "config_hash": canonical_hash(resolved),
        "checkpoint_hash": sha256_of(folder / "best.pth"),
        "code": runs.code_state(Path(__file__).parent),
        "versions": runs.environment(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "wall_time_s": seconds,
        "metrics": {
            "mAP50": metrics[BEST_KEY],
            "mAP": metrics["coco/bbox_mAP"],
            "per_class": {name: metrics[f"coco/{name}_AP50"] for name in competition.classes},
        },
    }
