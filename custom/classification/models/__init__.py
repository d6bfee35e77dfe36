"""Classifiers, registered with MMDetection."""

from custom.classification.models.backbone import TimmBackbone
from custom.classification.models.classifiers import ImageClassifier, RegionClassifier
from custom.classification.models.head import ClassHead

__all__ = ["ClassHead", "ImageClassifier", "RegionClassifier", "TimmBackbone"]
