"""Other samples of the data set, for transforms that mix images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from custom.boxes import IntArray

if TYPE_CHECKING:
    from custom.detection.datasets.competition import CompetitionDataset


class SampleSource:
    """Draws other samples of the data set that a sample comes from.

    The draws use `numpy.random`, which the data set seeds for each sample, so that a mixed
    sample is a function of (seed, epoch, index) like any other.
    """

    def __init__(self, dataset: CompetitionDataset, index: int) -> None:
        self._dataset, self._index = dataset, index

    def __deepcopy__(self, memo: dict[int, Any]) -> SampleSource:
        """Return itself: a transform that copies its results must not copy the data set."""
        return self

    @property
    def num_samples(self) -> int:
        """How many samples there are."""
        return len(self._dataset)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of their labels."""
        return tuple(self._dataset.metainfo["classes"])

    @property
    def image_labels(self) -> list[IntArray]:
        """The labels of the boxes on each image."""
        return self._dataset.image_labels

    def draw(self) -> dict[str, Any]:
        """Return a random sample as loaded, before any augmentation; it may be the same one."""
        return self.load(int(np.random.randint(self.num_samples)))

    def load(self, index: int) -> dict[str, Any]:
        """Return the sample `index` as loaded, before any augmentation."""
        return self._dataset.load_sample(index)
