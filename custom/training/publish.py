"""The weights that a training publishes: those of its best validation."""

from __future__ import annotations

from pathlib import Path

from custom.errors import PodiumError
from custom.training.saving import save_checkpoint
from custom.training.weights import read_checkpoint

BEST_KEY = "coco/bbox_mAP_50"


def publish_best(folder: Path) -> None:
    """Write the best validation's weights, without optimizer state, to `best.pth`."""
    candidates = sorted(folder.glob("best_coco_bbox_mAP_50_*.pth"))
    if not candidates:
        raise PodiumError(
            f"{folder}: no validation gave {BEST_KEY}; is train_cfg.val_interval too large?"
        )
    checkpoint = read_checkpoint(candidates[-1])
    keys = ("epoch", "iter", "seed", "dataset_meta")
    meta = {key: checkpoint["meta"][key] for key in keys if key in checkpoint["meta"]}
    best = {"state_dict": checkpoint["state_dict"], "meta": meta}
    save_checkpoint(folder / "best.pth", best)
