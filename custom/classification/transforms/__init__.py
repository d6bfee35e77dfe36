"""Transforms of classifiers, registered in MMDetection's registry."""

from custom.classification.transforms.regions import LoadRegions, PackRegions

__all__ = ["LoadRegions", "PackRegions"]
