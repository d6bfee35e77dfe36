"""TensorBoard, guarded as the other tracking backends are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.registry import VISBACKENDS
from mmengine.visualization import TensorboardVisBackend

from custom.evaluation import Curve
from custom.training.visualization.curves import counts_at
from custom.training.visualization.guarded import GuardedBackend
from custom.training.visualization.pictures import Picture, draw

# What the page can show at most.
NUM_THRESHOLDS = 127


@VISBACKENDS.register_module()
class GuardedTensorboardBackend(GuardedBackend, TensorboardVisBackend):
    """MMEngine's TensorBoard backend with what a run tracks besides numbers.

    Args:
        save_dir: Where the event files go.
    """

    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Record the config, as code."""
        text = "\n".join(f"    {line}" for line in config.pretty_text.splitlines())
        self.guard(lambda: self.experiment.add_text("config", text))

    def _add_facts(self, facts: Mapping[str, Any]) -> None:
        self.experiment.add_text("run", markdown_table(facts))

    def _add_pictures(self, pictures: Sequence[Picture], epoch: int) -> None:
        for picture in pictures:
            name = f"val_images/{picture.name}"
            self.experiment.add_image(name, draw(picture), epoch, dataformats="HWC")

    def _add_curves(self, curves: Mapping[str, Curve]) -> None:
        score_thrs = np.linspace(0.0, 1.0, NUM_THRESHOLDS).astype(np.float64)
        for name, curve in curves.items():
            counts = counts_at(curve, score_thrs)
            self.experiment.add_pr_curve_raw(
                f"precision_recall/{name}", counts.tp, counts.fp, np.zeros_like(counts.tp),
                counts.fn, counts.precision, counts.recall, num_thresholds=NUM_THRESHOLDS,
            )  # fmt: skip

    def _add_results(self, results: Mapping[str, Any]) -> None:
        for name, value in results.items():
            if isinstance(value, (int, float)):
                self.experiment.add_scalar(name, value)
            else:
                self.experiment.add_text(name, str(value))

    def _add_files(self, name: str, files: Mapping[Path, str]) -> None:
        rows = {str(path): f"sha256 {digest}" for path, digest in files.items()}
        self.experiment.add_text("files", markdown_table(rows))

    def _finish(self, failed: bool) -> None:
        if hasattr(self, "_tensorboard"):
            self._tensorboard.close()


def markdown_table(rows: Mapping[str, Any]) -> str:
    """Return names and values as a table, which the page shows as one."""
    lines = [f"| {name} | {value} |" for name, value in rows.items()]
    return "\n".join(["| | |", "|---|---|", *lines])
