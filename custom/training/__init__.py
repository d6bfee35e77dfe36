"""Everything that drives MMEngine, whatever the model; importing it registers it."""

from custom.training import hooks, saving, seeding, visualization, weights

__all__ = ["hooks", "saving", "seeding", "visualization", "weights"]
