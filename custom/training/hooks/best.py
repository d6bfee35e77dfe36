"""The weights of the best validation, with what they predicted."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any
from uuid import uuid4

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from mmengine.runner.checkpoint import weights_to_cpu

from custom.errors import PodiumError
from custom.files import sha256_of
from custom.tables.coco import write_results
from custom.training.hooks.bare_model import bare_model
from custom.training.metric import competition_metric
from custom.training.publish import CANDIDATES, Best, best_file, kept_predictions_file
from custom.training.saving import save_checkpoint
from custom.training.seeding.processes import agreed
from custom.training.weights import read_checkpoint


@HOOKS.register_module()
class BestHook(Hook):
    """Keep the weights of the best validation, and what they predicted, for `best.pth`.

    What is written is the model as it stood while it was evaluated: after the validation, before
    `EMAHook` takes its averaged weights back. A file's name is that of MMEngine's `CheckpointHook`,
    but which file is the best is in the training's own resume point, by its name within the folder,
    which may be moved, and as a score. A file that a resume point names stays until the next one
    names another, so that a killed training finds what it goes on with.

    Attributes:
        best: The best validation so far.
        training: An id that tells this training's files from another's.
    """

    priority = "VERY_HIGH"

    def __init__(self) -> None:
        self.best: Best | None = None
        self.training = uuid4().hex
        self._files: set[str] = set()

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Keep the weights if they score better than any before.

        Raises:
            PodiumError: If the validation gave no score.
        """
        metric = competition_metric(runner.cfg)
        score = (metrics or {}).get(metric.key)
        if score is None or math.isnan(score):
            raise PodiumError(
                f"the validation must give {metric.key}, by which best.pth is chosen, but gave "
                f"{dict(metrics or {})}; let val_evaluator be CompetitionMetric"
            )
        if self.best is not None and (score - self.best["score"]) * metric.sign <= 0:
            return
        file = best_file(metric.key, runner.epoch)
        self.best = Best(file=file, score=float(score), epoch=runner.epoch, iter=runner.iter)
        self._files.add(file)
        if is_main_process():
            self._write(runner, dict(metrics or {}))
        runner.logger.info(f"{metric.key} of {score:.4f} is the best so far, kept in {file}")

    def _write(self, runner: Runner, metrics: dict[str, float]) -> None:
        """Write the predictions, then the weights, which hold the predictions' digest."""
        assert self.best is not None
        path = Path(runner.work_dir) / self.best["file"]
        state = weights_to_cpu(bare_model(runner).state_dict())
        meta = {
            "epoch": runner.epoch,
            "iter": runner.iter,
            "seed": runner.seed,
            "dataset_meta": runner.train_dataloader.dataset.metainfo,
            "best": dict(self.best),
            "training": self.training,
            "metrics": {name: float(value) for name, value in metrics.items()},
            "predictions": _keep_predictions(runner, kept_predictions_file(path)),
        }
        save_checkpoint(path, {"state_dict": state, "meta": meta}, digest=True)

    def after_resume_point(self, runner: Runner) -> None:
        """Remove what the resume point just written does not name."""
        if not is_main_process():
            return
        for file in self._files - {self.best["file"] if self.best else ""}:
            path = Path(runner.work_dir) / file
            kept_predictions_file(path).unlink(missing_ok=True)
            path.unlink(missing_ok=True)
        self._files = {self.best["file"]} if self.best else set()

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Store which validation was the best."""
        checkpoint["best"] = None if self.best is None else dict(self.best)
        checkpoint["training"] = self.training

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Go on with the best validation of the resumed training.

        Raises:
            PodiumError: If its file is missing, or the folder holds another training's.
        """
        if not runner._resume:
            return
        self.best, self.training = checkpoint.get("best"), checkpoint.get("training", self.training)
        folder, refusal = Path(runner.work_dir), None
        if is_main_process():
            refusal = self._refusal(folder, {path.name for path in folder.glob(CANDIDATES)})
        if refusal := agreed(refusal):
            raise PodiumError(refusal)

    def _refusal(self, folder: Path, files: set[str]) -> str | None:
        """Return why `files` cannot be this training's, or None; note those that are."""
        if self.best is not None and self.best["file"] not in files:
            return (
                f"{folder} must hold {self.best['file']}, the best weights so far of the training "
                "that is resumed, but does not; put it back, or start a new run"
            )
        for file in sorted(files):
            meta = read_checkpoint(folder / file, "meta")["meta"]
            if meta.get("training") != self.training:
                return (
                    f"{folder / file} must be of the training that is resumed, but is of another "
                    "one; move it out of the folder"
                )
        self._files = files
        return None


def _keep_predictions(runner: Runner, path: Path) -> str | None:
    """Write what the validation predicted; return the file's SHA-256, or None without a table."""
    for metric in runner.val_loop.evaluator.metrics:
        if getattr(metric, "predictions", None) is not None:
            write_results(path, metric.predictions, metric.ground_truth.categories)
            return sha256_of(path)
    return None
