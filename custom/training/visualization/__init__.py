"""Where runs are tracked, registered in MMEngine's registry."""

from custom.training.visualization.tensorboard_backend import GuardedTensorboardBackend
from custom.training.visualization.tracking import tracked, use_tracking
from custom.training.visualization.wandb_backend import GuardedWandbBackend

__all__ = ["GuardedTensorboardBackend", "GuardedWandbBackend", "tracked", "use_tracking"]
