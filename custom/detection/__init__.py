"""What is a detector's own; importing it registers it with MMEngine, and the training's parts."""

from custom import training
from custom.detection import (
    datasets,
    hooks,
    losses,
    metrics,
    models,
    samples,
    stock,
    transforms,
    tta,
)

__all__ = [
    "datasets",
    "hooks",
    "losses",
    "metrics",
    "models",
    "samples",
    "stock",
    "training",
    "transforms",
    "tta",
]
