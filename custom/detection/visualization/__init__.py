"""Where runs are tracked, registered in MMEngine's registry."""

from custom.detection.visualization.tensorboard_backend import GuardedTensorboardBackend
from custom.detection.visualization.tracking import tracked, use_tracking
from custom.detection.visualization.wandb_backend import GuardedWandbBackend

__all__ = ["GuardedTensorboardBackend", "GuardedWandbBackend", "tracked", "use_tracking"]
