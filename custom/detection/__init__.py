"""Everything that needs torch and MMDetection; importing it registers it all with MMEngine."""

from custom.detection import (
    datasets,
    hooks,
    losses,
    metrics,
    models,
    saving,
    seeding,
    transforms,
    tta,
    visualization,
)

__all__ = [
    "datasets",
    "hooks",
    "losses",
    "metrics",
    "models",
    "saving",
    "seeding",
    "transforms",
    "tta",
    "visualization",
]
