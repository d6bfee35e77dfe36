"""Run a checkpoint over a part of the data: the predictions table, and what it scores."""

from __future__ import annotations

import copy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mmengine.config import Config
from mmengine.registry import FUNCTIONS
from mmengine.runner import Runner

from custom.errors import PodiumError
from custom.runs import Procedure
from custom.tables import Predictions
from custom.training.configuration import competition_datasets
from custom.training.hooks.memory import explain_out_of_memory
from custom.training.workers import ended_workers

# Of the model that merges views, where the config names none.
USUAL_TTA = {"type": "FusedTTA"}


def predict(
    config: Config, checkpoint: str | Path, part: str, procedure: Procedure | None = None
) -> tuple[Predictions, dict[str, float]]:
    """Predict on the val fold or the test set with the weights of a file.

    A runner of its own, without the training's hooks, proves that the file alone gives these
    numbers.

    Args:
        config: A resolved config.
        checkpoint: The weights.
        part: "val" or "test".
        procedure: What differs from the config's way of predicting; its `checkpoint` is not looked
            at. Views are merged as `tta_model` and `tta_pipeline` of the config say, or as the
            registered `tta_pipeline` has them.

    Returns:
        The table, and the metrics; those are empty where the images are not labelled. Of several
        processes only the main one has the table; the others get an empty one.

    Raises:
        PodiumError: If there is no such checkpoint, or the config cannot be changed so.
    """
    if not Path(checkpoint).is_file():
        raise PodiumError(f"{checkpoint} must be a checkpoint, but there is none; train first")
    config = evaluation_config(config, checkpoint)
    if part == "val":
        config.test_dataloader, config.test_evaluator = config.val_dataloader, config.val_evaluator
    apply_procedure(config, procedure or Procedure())
    # MMEngine dumps the config that it is given into the work folder: over a run's own config.py.
    with explain_out_of_memory(config), TemporaryDirectory(prefix="podium-") as folder:
        config.work_dir = folder
        with ended_workers(Runner.from_cfg(config)) as runner:
            metrics = runner.test()
    predictions = runner.test_evaluator.metrics[0].predictions
    return predictions or Predictions.empty([]), metrics


def evaluation_config(config: Config, checkpoint: str | Path) -> Config:
    """Return a config without training, tracking and pretrained weights, for one checkpoint."""
    config = copy.deepcopy(config)
    for key in ("train_dataloader", "train_cfg", "optim_wrapper", "custom_hooks"):
        config.pop(key, None)
    config.param_scheduler = None
    config.load_from, config.resume = str(checkpoint), False
    config.default_hooks = dict(checkpoint=None, logger=dict(type="LoggerHook", interval=50))
    config.visualizer = None
    config.experiment_name = f"predict_{Path(config.work_dir).name}"
    return config


def apply_procedure(config: Config, procedure: Procedure) -> None:
    """Let a config predict by a procedure; `config` is changed.

    Raises:
        PodiumError: If the detector has no such setting, or its test pipeline gives no views.
    """
    for name in ("score_thr", "max_per_img"):
        if (value := getattr(procedure, name)) is not None:
            _change_detector(config.model, name, value)
    if procedure.batch_size is not None:
        config.test_dataloader.batch_size = procedure.batch_size
    if procedure.tta:
        use_tta(config, procedure.max_per_img)


def _change_detector(model: Any, name: str, value: float) -> None:
    """Set a value of `test_cfg`, in that of the last stage where the detector has two."""
    settings = model.get("test_cfg") or {}
    settings = settings.get("rcnn") or settings
    if name not in settings:
        remedy = "tools/ensemble.py --skip-box-thr" if name == "score_thr" else "its config"
        raise PodiumError(
            f"--{name.replace('_', '-')} must be a setting of the detector, but the test_cfg of "
            f"{model.type} has only {', '.join(settings) or 'nothing'}; use {remedy}"
        )
    settings[name] = value


def use_tta(config: Config, max_per_img: int | None = None) -> None:
    """Put test-time augmentation in the place of the config's model and test pipeline."""
    views_of = FUNCTIONS.get("tta_pipeline")
    for dataset in competition_datasets(config.test_dataloader):
        dataset["pipeline"] = config.get("tta_pipeline") or views_of(dataset["pipeline"])
    model = copy.deepcopy(dict(config.get("tta_model") or USUAL_TTA))
    if max_per_img is not None:
        # MMDetection's own keeps it in `tta_cfg`.
        settings = model if model["type"] == "FusedTTA" else model.setdefault("tta_cfg", {})
        settings["max_per_img"] = max_per_img
    config.model = dict(**model, module=config.model)
