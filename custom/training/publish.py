"""The weights that a training publishes: those of its best validation, and what they predicted."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, TypedDict

from custom.errors import PodiumError
from custom.files import read_bytes, sha256_of, write_bytes
from custom.training.saving import check_digest, save_checkpoint
from custom.training.weights import read_checkpoint

logger = logging.getLogger(__name__)

BEST = "best.pth"
CANDIDATES = "best_*_epoch_*.pth"  # as `best_file` names them
PREDICTIONS = "val.json"
_PUBLISHED = ("epoch", "iter", "seed", "dataset_meta")


class Best(TypedDict):
    """A training's best validation: the file of its weights, the score, when it was."""

    file: str
    score: float
    epoch: int
    iter: int


def best_file(key: str, epoch: int) -> str:
    """Return the name of the file with the weights of an epoch's validation.

    Args:
        key: The key of the score in the log.
        epoch: The epoch.
    """
    return f"best_{key.replace('/', '_')}_epoch_{epoch}.pth"


def kept_predictions_file(weights: Path) -> Path:
    """Return the file with what the validation of `weights` predicted."""
    return weights.with_suffix(".json")


def publish_best(folder: Path, best: Best | None, training: str) -> dict[str, float] | None:
    """Write the best validation's weights to `best.pth` and, if they were kept, its predictions.

    The predictions are those of these weights: they were made by the model that was written, and
    the file of the weights, whose own digest is checked, holds theirs.

    Args:
        folder: The run's folder.
        best: The best validation, as the training's own message says.
        training: The training's id.

    Returns:
        The validation's metrics, where its predictions are now `val.json`; None where they have
        to be made again.

    Raises:
        PodiumError: If there was no validation, or the file is not what it wrote.
    """
    if best is None:
        raise PodiumError(
            f"{folder}: no validation chose the best weights; is train_cfg.val_interval too large?"
        )
    path = folder / best["file"]
    check_digest(path)
    checkpoint = read_checkpoint(path)
    meta = checkpoint["meta"]
    if meta["best"] != best or meta["training"] != training:
        raise PodiumError(
            f"{path} must be the weights of the validation that scored {best['score']:.4f} in "
            f"epoch {best['epoch']}, but is of another one: {meta['best']}; put that file back, or "
            "start a new run"
        )
    _save_published(folder, checkpoint)
    return _publish_predictions(folder, path, meta)


def publish_last(folder: Path, point: Path) -> None:
    """Write the weights that a training without validation ended with to `best.pth`.

    Args:
        folder: The run's folder.
        point: Its last resume point, with the last epoch's weights, or their average where
            `EMAHook` keeps one, which it stores in their place.

    Raises:
        PodiumError: If the resume point is not, to the last bit, what was written.
    """
    check_digest(point)
    _save_published(folder, read_checkpoint(point))


def _save_published(folder: Path, checkpoint: dict[str, Any]) -> None:
    """Write the weights of a checkpoint, without optimizer state, to `best.pth`."""
    meta = {key: checkpoint["meta"][key] for key in _PUBLISHED if key in checkpoint["meta"]}
    save_checkpoint(folder / BEST, {"state_dict": checkpoint["state_dict"], "meta": meta})


def _publish_predictions(folder: Path, path: Path, meta: dict[str, Any]) -> dict[str, float] | None:
    kept = kept_predictions_file(path)
    if meta["predictions"] is None or not kept.exists():
        return None
    if sha256_of(kept) != meta["predictions"]:
        logger.warning("%s is not what the validation predicted; it is repeated", kept)
        return None
    write_bytes(folder / PREDICTIONS, read_bytes(kept))
    metrics: dict[str, float] = meta["metrics"]
    return metrics
