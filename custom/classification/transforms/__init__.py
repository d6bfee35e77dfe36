"""Transforms of classifiers, registered in MMDetection's registry."""

from custom.classification.transforms.mixing import LabelCutMix, LabelMixup
from custom.classification.transforms.perspective import RandomPerspective
from custom.classification.transforms.regions import LoadRegions, PackRegions

__all__ = ["LabelCutMix", "LabelMixup", "LoadRegions", "PackRegions", "RandomPerspective"]
