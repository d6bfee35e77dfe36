"""Everything that needs torch and MMDetection; importing it registers it all with MMEngine."""

from custom.detection import models

__all__ = ["models"]
