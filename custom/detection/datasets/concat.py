"""Several data sets as one, some of them drawn more often or less."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmdet.registry import DATASETS
from mmengine.dataset import ConcatDataset

from custom.boxes import FloatArray, IntArray
from custom.errors import PodiumError


@DATASETS.register_module()
class WeightedConcatDataset(ConcatDataset):
    """Data sets one after the other; each sample is drawn `weight` times an epoch on average.

    The samplers that follow the seed read `draws`. With weights of 1 it is a ConcatDataset.

    Args:
        datasets: Configs of the data sets.
        weights: One for each data set, above 0.
        **kwargs: As in mmengine's `ConcatDataset`.
    """

    def __init__(self, datasets: Sequence[Any], weights: Sequence[float], **kwargs: Any) -> None:
        if len(weights) != len(datasets) or min(weights, default=1) <= 0:
            raise PodiumError(
                f"weights must be one number above 0 for each of the {len(datasets)} data sets, "
                f"but are {list(weights)}"
            )
        self.weights = tuple(weights)
        super().__init__([DATASETS.build(each) for each in datasets], **kwargs)

    @property
    def draws(self) -> FloatArray:
        """How often each sample is drawn in an epoch on average, shape (N,)."""
        return np.repeat(self.weights, [len(dataset) for dataset in self.datasets])

    @property
    def image_labels(self) -> list[IntArray]:
        """The labels of the boxes on each image."""
        return [labels for dataset in self.datasets for labels in labels_of(dataset)]


def labels_of(dataset: Any) -> list[IntArray]:
    """Return the labels of the boxes on each image of a data set, also of one that is repeated."""
    if hasattr(dataset, "image_labels"):
        return list(dataset.image_labels)
    parts = getattr(dataset, "datasets", None) or [dataset.dataset] * getattr(dataset, "times", 1)
    return [labels for part in parts for labels in labels_of(part)]
