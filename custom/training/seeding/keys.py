"""The index that a sampler hands to a data set, which knows its seed and its epoch."""

from __future__ import annotations

from typing import Any

from custom.training.seeding.generators import derive_seed


class SampleKey(int):
    """An index into a data set that carries what the sample's randomness is derived from.

    It travels to the workers with the index itself, so that it reaches them however they were
    started, however long they live and however far they read ahead. Arithmetic keeps it: what
    a data set of data sets subtracts from the index does not change the sample's seed.

    Attributes:
        seed: The training's seed.
        epoch: The epoch, from 0.
        source: The index that the sampler drew, before any arithmetic.
        repeat: How often the sampler drew that index in this epoch before.
    """

    seed: int
    epoch: int
    source: int
    repeat: int

    def __new__(
        cls, index: int, seed: int = 0, epoch: int = 0, repeat: int = 0, source: int | None = None
    ) -> SampleKey:
        """Make a key; `source` is the index itself unless given."""
        key = super().__new__(cls, index)
        key.seed, key.epoch, key.repeat = seed, epoch, repeat
        key.source = int(index) if source is None else source
        return key

    @property
    def sample_seed(self) -> int:
        """The seed of everything random in the sample."""
        return derive_seed(self.seed, self.epoch, self.source, self.repeat)

    def _with(self, index: int) -> SampleKey:
        return SampleKey(index, self.seed, self.epoch, self.repeat, self.source)

    def __add__(self, other: int) -> SampleKey:
        return self._with(int(self) + int(other))

    def __sub__(self, other: int) -> SampleKey:
        return self._with(int(self) - int(other))

    def __mod__(self, other: int) -> SampleKey:
        return self._with(int(self) % int(other))

    def __reduce__(self) -> tuple[Any, ...]:
        return SampleKey, (int(self), self.seed, self.epoch, self.repeat, self.source)
