"""Where runs are tracked, registered in MMEngine's registry."""

from custom.detection.visualization.wandb_backend import GuardedWandbBackend

__all__ = ["GuardedWandbBackend"]
