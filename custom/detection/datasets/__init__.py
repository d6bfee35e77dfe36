"""Data sets, registered in MMDetection's registry."""

from custom.detection.datasets.competition import CompetitionDataset
from custom.detection.datasets.concat import WeightedConcatDataset
from custom.detection.datasets.source import SampleSource

__all__ = ["CompetitionDataset", "SampleSource", "WeightedConcatDataset"]
