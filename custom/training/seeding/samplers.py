"""Samplers whose order is a function of (seed, epoch), and which hand out `SampleKey`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Sized
from itertools import cycle, islice
from typing import Any

import numpy as np
import torch
from mmengine.dist import get_dist_info
from mmengine.registry import DATA_SAMPLERS
from torch.utils.data import BatchSampler, Sampler

from custom.boxes import FloatArray, IntArray
from custom.errors import PodiumError
from custom.training.seeding.generators import derive_seed
from custom.training.seeding.keys import SampleKey


@DATA_SAMPLERS.register_module()
class SeededSampler(Sampler):
    """Each sample once an epoch, in an order that is a function of (seed, epoch).

    With several processes each draws every n-th of that order. Where the number of samples is
    not a multiple of the number of processes, the first few are drawn a second time, since
    processes with unequal numbers of batches would wait for each other for ever.

    A data set with `draws` has each sample drawn that often on average, rounded by chance.

    Args:
        dataset: The data set, of which only the length is read.
        seed: The training's seed; the runner passes it.
        shuffle: False keeps the order of the data set, in every epoch.
    """

    def __init__(self, dataset: Sized, seed: int | None = None, shuffle: bool = True) -> None:
        if seed is None:
            raise PodiumError("the sampler needs a seed: give --seed, without diff_rank_seed")
        if len(dataset) == 0:
            raise PodiumError("the training set must have images, but has none")
        self.dataset, self.seed, self.shuffle, self.epoch = dataset, seed, shuffle, 0
        self.rank, self.world_size = get_dist_info()
        self.ends = _ends(getattr(dataset, "draws", None))

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch, from 0, whose order the next iteration has."""
        self.epoch = epoch

    def order(self) -> list[int]:
        """Return the indices of this epoch for all processes together."""
        indices: Sequence[int] = range(len(self.dataset))
        if self.ends is not None:
            indices = systematic_sample(self.ends, self._offset()).tolist()
        return self._shuffled(indices) if self.shuffle else list(indices)

    def _shuffled(self, indices: Sequence[int]) -> list[int]:
        generator = torch.Generator().manual_seed(derive_seed(self.seed, "order", self.epoch))
        return [indices[i] for i in torch.randperm(len(indices), generator=generator).tolist()]

    def _num_drawn(self) -> int:
        return len(self.dataset) if self.ends is None else round(self.ends[-1])

    def _offset(self) -> float:
        rng = np.random.default_rng(derive_seed(self.seed, "offset", self.epoch))
        return float(rng.random())

    def __len__(self) -> int:
        return math.ceil(self._num_drawn() / self.world_size)

    def __iter__(self) -> Iterator[SampleKey]:
        keys, seen = [], Counter[int]()
        for index in self.order():
            keys.append(SampleKey(index, self.seed, self.epoch, seen[index]))
            seen[index] += 1
        whole = islice(cycle(keys), len(self) * self.world_size)
        return islice(whole, self.rank, None, self.world_size)


@DATA_SAMPLERS.register_module()
class ClassBalancedSampler(SeededSampler):
    """Draw images with rare classes more often, in an order that is a function of (seed, epoch).

    An image is drawn on average `max(1, sqrt(oversample_thr / f))` times an epoch, where f is
    the share of images with its rarest class. A repeated image is augmented anew each time.

    Args:
        dataset: A data set with `image_labels`, a list of the labels on each image.
        oversample_thr: Classes on a smaller share of the images than this are repeated.
        seed: The training's seed; the runner passes it.

    Source: Gupta et al. 2019, arXiv:1908.03195, section 4.1 (repeat factor sampling).
    """

    def __init__(self, dataset: Any, oversample_thr: float = 0.3, seed: int | None = None) -> None:
        super().__init__(dataset, seed)
        if not 0 < oversample_thr <= 1:
            raise PodiumError(f"oversample_thr must be in (0, 1], but is {oversample_thr}")
        if not hasattr(dataset, "image_labels"):
            raise PodiumError(
                f"ClassBalancedSampler needs a data set with image_labels, but "
                f"{type(dataset).__name__} has none; use CompetitionDataset"
            )
        factors = repeat_factors(dataset.image_labels, oversample_thr)
        self.ends = _ends(factors * getattr(dataset, "draws", 1.0))


@DATA_SAMPLERS.register_module()
class LabelWeightedSampler(SeededSampler):
    """Draw images with some classes, or without them, more often; an epoch stays as long.

    An image's weight is the product of the factors that apply to it: of `present` for each class
    that it has, of `absent` for each that it certainly has not. What is unknown (a crowd alone)
    changes nothing.

    Args:
        dataset: A `CompetitionDataset`.
        present: Factors by class name, above 0.
        absent: The same.
        seed: The training's seed; the runner passes it.
    """

    def __init__(
        self,
        dataset: Any,
        present: Mapping[str, float] | None = None,
        absent: Mapping[str, float] | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(dataset, seed)
        if not hasattr(dataset, "image_unknown"):
            raise PodiumError(
                f"LabelWeightedSampler needs CompetitionDataset, but the data set is "
                f"{type(dataset).__name__}"
            )
        classes = list(dataset.metainfo["classes"])
        factors = [_factors(classes, given or {}) for given in (present, absent)]
        weights = label_weights(dataset.image_labels, dataset.image_unknown, *factors)
        self.ends = _ends(weights / weights.mean() * getattr(dataset, "draws", 1.0))


def label_weights(
    image_labels: Sequence[IntArray],
    image_unknown: Sequence[IntArray],
    present: FloatArray,
    absent: FloatArray,
) -> FloatArray:
    """Return the weight of each image, shape (I,).

    Args:
        image_labels: The labels on each image.
        image_unknown: Those of them that are unknown.
        present: Shape (C,), the factor of an image that has the class.
        absent: Shape (C,), of one that has not.
    """
    weights = np.empty(len(image_labels))
    for index, (labels, unknown) in enumerate(zip(image_labels, image_unknown, strict=True)):
        factors = absent.copy()
        factors[labels] = present[labels]
        factors[unknown] = 1.0
        weights[index] = factors.prod()
    return weights


def _factors(classes: list[str], given: Mapping[str, float]) -> FloatArray:
    factors = np.ones(len(classes))
    for name, factor in given.items():
        if name not in classes or not factor > 0:
            raise PodiumError(
                f"LabelWeightedSampler must have factors above 0 for classes of {classes}, but has "
                f"{factor!r} for {name!r}"
            )
        factors[classes.index(name)] = factor
    return factors


def _ends(draws: FloatArray | None) -> FloatArray | None:
    """Return cumulative numbers of draws, the last a whole number; None for one draw each."""
    if draws is None:
        return None
    return np.cumsum(draws) * (max(1, round(draws.sum())) / draws.sum())


def repeat_factors(image_labels: Sequence[IntArray], oversample_thr: float) -> FloatArray:
    """Return how often to draw each image: 1 where all its classes are frequent, else more."""
    present = [np.unique(labels) for labels in image_labels]
    counts = Counter(int(label) for labels in present for label in labels)
    share = {label: count / len(image_labels) for label, count in counts.items()}
    return np.array(
        [
            max([1.0, *(math.sqrt(oversample_thr / share[int(label)]) for label in labels)])
            for labels in present
        ]
    )


def systematic_sample(ends: FloatArray, offset: float) -> IntArray:
    """Return each index as often as marks at offset, offset + 1, ... fall before its end.

    Args:
        ends: Shape (N,), cumulative weights; the last is a whole number, the sample's size.
        offset: In [0, 1).
    """
    marks = np.arange(round(ends[-1])) + offset
    return np.minimum(np.searchsorted(ends, marks, side="right"), len(ends) - 1)


@DATA_SAMPLERS.register_module()
class ResumableBatchSampler(BatchSampler):
    """Batches of a sampler, of which the next iteration leaves out the first `skip`.

    Nothing is loaded for the batches left out. `ResumableEpochLoop` puts it into the data
    loader and sets `skip` when a training goes on in the middle of an epoch.

    Args:
        sampler: The sampler.
        batch_size: Samples in a batch.
        drop_last: Whether an incomplete last batch is left out.
        inner: Config of the batch sampler to take the batches from, such as mmdet's
            `AspectRatioBatchSampler`; None takes them in the sampler's order.
    """

    def __init__(
        self,
        sampler: Sampler,
        batch_size: int,
        drop_last: bool = False,
        inner: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(sampler, batch_size, drop_last)
        self.sampler: Sampler[Any] = sampler
        self.skip = 0
        defaults: dict[str, Any] = {
            "sampler": sampler,
            "batch_size": batch_size,
            "drop_last": drop_last,
        }
        self.inner = (
            BatchSampler(**defaults)
            if inner is None
            else DATA_SAMPLERS.build(inner, default_args=defaults)
        )

    def __iter__(self) -> Iterator[list[int]]:
        # A generator, so that `skip` is used up by the first batch that is drawn: torch's loader
        # with worker processes calls iter() twice and throws the first one away.
        skip, self.skip = self.skip, 0
        yield from islice(iter(self.inner), skip, None)

    def __len__(self) -> int:
        return len(self.inner)
