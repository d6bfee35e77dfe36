"""Weights & Biases as a guest: it records what it can, and never stops a run."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping, Sequence
from netrc import NetrcParseError, netrc
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import VISBACKENDS
from mmengine.visualization import WandbVisBackend

from custom.evaluation import Curve
from custom.training.visualization.curves import thin
from custom.training.visualization.guarded import GuardedBackend
from custom.training.visualization.pictures import Picture

WANDB_HOST = "api.wandb.ai"
# wandb's own default is 90 s, which a training would spend waiting for a network that is not there.
INIT_TIMEOUT_S = 20
# wandb draws the 10,000 first rows of a table: so many points a curve let 100 classes in.
POINTS_OF_A_CURVE = 100
# The page has a slider for the score; what is below this would only make files large.
LOWEST_SCORE = 0.05
# What MMEngine hands over once a validation, and what counts it.
OF_A_VALIDATION = ("coco/*", "val_images/*")


@VISBACKENDS.register_module()
class GuardedWandbBackend(GuardedBackend, WandbVisBackend):
    """MMEngine's wandb backend, offline without a key or a network, silent where it fails.

    What was recorded offline lies in the run's folder, and `wandb sync` sends it later.

    Args:
        save_dir: Where wandb keeps its files.
        init_kwargs: Arguments of `wandb.init`; `mode` is chosen here unless it is given.
        **kwargs: As in mmengine's `WandbVisBackend`.
    """

    def __init__(
        self, save_dir: str, init_kwargs: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        by_epoch = [dict(name=name, step_metric="epoch") for name in OF_A_VALIDATION]
        kwargs.setdefault("define_metric_cfg", by_epoch)
        super().__init__(save_dir, dict(init_kwargs or {}), **kwargs)

    def _init_env(self) -> None:
        """Start a wandb run: online with a key, else, or where that fails, offline."""
        import wandb

        self._init_kwargs.setdefault("mode", choose_mode())
        self._init_kwargs.setdefault("settings", wandb.Settings(init_timeout=INIT_TIMEOUT_S))
        try:
            super()._init_env()
        except (wandb.Error, OSError) as error:
            if self._init_kwargs["mode"] != "online":
                raise
            message = f"wandb cannot be reached ({error}); recording offline"
            print_log(message, "current", logging.WARNING)
            self._init_kwargs["mode"] = "offline"
            super()._init_env()

    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Record the config; the code itself is not uploaded."""
        self.guard(lambda: self.experiment.config.update(config.to_dict()))

    def add_scalars(
        self, scalar_dict: dict[str, Any], step: int = 0, *args: Any, **kwargs: Any
    ) -> None:
        """Record several numbers of one step; those of a validation have their epoch as step."""
        self.guard(lambda: self.experiment.log({"epoch": step, **scalar_dict}))

    def _add_facts(self, facts: Mapping[str, Any]) -> None:
        self.experiment.config.update({"run": dict(facts)}, allow_val_change=True)

    def _add_pictures(self, pictures: Sequence[Picture], epoch: int) -> None:
        images = {
            f"val_images/{picture.name}": self.experiment.Image(
                picture.image, boxes=overlays(picture), file_type="jpg"
            )
            for picture in pictures
        }
        self.experiment.log({"epoch": epoch, **images})

    def _add_curves(self, curves: Mapping[str, Curve]) -> None:
        rows = [
            [name, *(float(column[i]) for column in (curve.recall, curve.precision, curve.scores))]
            for name, curve in curves.items()
            for i in thin(curve, POINTS_OF_A_CURVE)
        ]
        wandb = self.experiment
        table = wandb.Table(columns=["class", "recall", "precision", "score"], data=rows)
        title = "Precision and recall at IoU .5, best checkpoint, val"
        chart = wandb.plot.line(table, "recall", "precision", stroke="class", title=title)
        wandb.log({"precision_recall": chart})

    def _add_results(self, results: Mapping[str, Any]) -> None:
        self.experiment.run.summary.update(dict(results))

    def _add_files(self, name: str, files: Mapping[Path, str]) -> None:
        wandb = self.experiment
        hashes = {path.name: digest for path, digest in files.items()}
        artifact = wandb.Artifact(re.sub(r"[^\w.-]", "-", name), "run", metadata=hashes)
        for path in files:
            # A finished run's files do not change, so wandb need not copy them first.
            artifact.add_file(str(path.resolve()), policy="immutable")
        wandb.log_artifact(artifact)

    def _finish(self, failed: bool) -> None:
        if hasattr(self, "_wandb"):
            self._wandb.finish(exit_code=int(failed))


def overlays(picture: Picture) -> dict[str, Any]:
    """Return a picture's boxes as wandb draws them over an image, to be switched on and off."""
    names = dict(enumerate(picture.classes))
    truth = [
        {**_position(bbox), "class_id": label, "box_caption": names[label]}
        for bbox, label in zip(picture.gt_bboxes.tolist(), picture.gt_labels.tolist(), strict=True)
    ]
    columns = (picture.bboxes, picture.labels, picture.scores)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    found = [
        {
            **_position(bbox),
            "class_id": label,
            "box_caption": f"{names[label]} {score:.2f}",
            "scores": {"score": score},
        }
        for bbox, label, score in rows
        if score >= LOWEST_SCORE
    ]
    return {
        "ground_truth": {"box_data": truth, "class_labels": names},
        "predictions": {"box_data": found, "class_labels": names},
    }


def _position(bbox: Sequence[float]) -> dict[str, Any]:
    sides = dict(zip(("minX", "minY", "maxX", "maxY"), bbox, strict=True))
    return {"position": sides, "domain": "pixel"}


def choose_mode() -> str:
    """Return what WANDB_MODE says, else "online" where there is a key and "offline" elsewhere."""
    if mode := os.environ.get("WANDB_MODE"):
        return mode
    if os.environ.get("WANDB_API_KEY"):
        return "online"
    try:
        return "online" if netrc().authenticators(WANDB_HOST) else "offline"
    except (OSError, NetrcParseError):
        return "offline"
