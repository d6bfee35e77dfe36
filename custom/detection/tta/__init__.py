"""Test-time augmentation, merged by our own fusing."""

from custom.detection.tta.model import FusedTTA
from custom.detection.tta.pipeline import tta_pipeline

__all__ = ["FusedTTA", "tta_pipeline"]
