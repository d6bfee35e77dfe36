"""Run a checkpoint over a part of the data: the predictions table, and what it scores."""

from __future__ import annotations

import copy
from pathlib import Path
from tempfile import TemporaryDirectory

from mmengine.config import Config
from mmengine.registry import FUNCTIONS
from mmengine.runner import Runner

from custom.errors import PodiumError
from custom.tables import Predictions
from custom.training.hooks.memory import explain_out_of_memory


def predict(
    config: Config, checkpoint: str | Path, part: str, tta: bool = False
) -> tuple[Predictions, dict[str, float]]:
    """Predict on the val fold or the test set with the weights of a file.

    A runner of its own, without the training's hooks, proves that the file alone gives these
    numbers.

    Args:
        config: A resolved config.
        checkpoint: The weights.
        part: "val" or "test".
        tta: Merge flips and scales, as `tta_model` and `tta_pipeline` of the config say, or
            as the registered `tta_pipeline` has them.

    Returns:
        The table, and the metrics; those are empty where the images are not labelled. Of several
        processes only the main one has the table; the others get an empty one.
    """
    if not Path(checkpoint).is_file():
        raise PodiumError(f"{checkpoint} must be a checkpoint, but there is none; train first")
    config = evaluation_config(config, checkpoint)
    if part == "val":
        config.test_dataloader, config.test_evaluator = config.val_dataloader, config.val_evaluator
    if tta:
        use_tta(config)
    # MMEngine dumps the config that it is given into the work folder: over a run's own config.py.
    with explain_out_of_memory(config), TemporaryDirectory(prefix="podium-") as folder:
        config.work_dir = folder
        runner = Runner.from_cfg(config)
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


def use_tta(config: Config) -> None:
    """Put test-time augmentation in the place of the config's model and test pipeline."""
    views_of = FUNCTIONS.get("tta_pipeline")
    pipeline = config.get("tta_pipeline") or views_of(config.test_dataloader.dataset.pipeline)
    model = config.get("tta_model") or dict(type="FusedTTA")
    config.test_dataloader.dataset.pipeline = pipeline
    config.model = dict(**model, module=config.model)
