"""Everything that drives MMEngine, whatever the model; importing it registers it."""

from custom.training import hooks, saving, seeding, visualization, weights
from custom.training.torchvision_operators import declare_operators

declare_operators()  # MMEngine's runner imports torchvision, where there is one, for its log

__all__ = ["hooks", "saving", "seeding", "visualization", "weights"]
