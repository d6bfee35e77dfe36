"""Configs that come from elsewhere: MMDetection's own, whole, and those of MMDetection 2."""

from custom.detection.stock.adopt import adopt_config
from custom.detection.stock.mmdet2 import changes_from_mmdet2

__all__ = ["adopt_config", "changes_from_mmdet2"]
