"""A train loop that goes on in the middle of an epoch, with randomness that has no history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.dist import get_rank
from mmengine.registry import LOOPS
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch.utils.data import DataLoader, Dataset

from custom.errors import PodiumError
from custom.training.seeding.generators import derive_seed, seed_generators
from custom.training.seeding.samplers import ResumableBatchSampler, SeededSampler

# Data sets around data sets that hand on the key with the index.
_WRAPPERS = ("ConcatDataset", "WeightedConcatDataset", "RepeatDataset", "_SlicedDataset")


@LOOPS.register_module()
class ResumableEpochLoop(EpochBasedTrainLoop):
    """Epochs whose state is nothing but (seed, epoch, iteration).

    Before each iteration the generators are set from (seed, iteration, process), so that
    dropout, sampling of proposals and the like depend neither on what was drawn before nor on
    a restart. A training resumed in the middle of an epoch leaves out the batches it has seen,
    without loading them. One resumed at the end of an epoch first repeats the validation that
    may have been cut off.

    Args:
        runner: The runner.
        dataloader: Config of the data loader, with `SeededSampler` or a subclass of it, and
            `CompetitionDataset`, alone or within `ConcatDataset` or `RepeatDataset`.
        max_epochs: Total number of epochs.
        **kwargs: As in mmengine's `EpochBasedTrainLoop`.
    """

    def __init__(
        self, runner: Runner, dataloader: dict[str, Any], max_epochs: int, **kwargs: Any
    ) -> None:
        super().__init__(runner, _resumable(dataloader), max_epochs, **kwargs)
        _check_seeded(self.dataloader)

    def run(self) -> Any:
        """Train; see the class for what a resumed training does first."""
        self.runner.call_hook("before_train")
        if self._epoch > 0 and self._iter == self._epoch * len(self.dataloader):
            self._validate()
        while self._epoch < self._max_epochs and not self.stop_training:
            self.run_epoch()
            self._validate()
        self.runner.call_hook("after_train")
        return self.runner.model

    def _validate(self) -> None:
        """Validate where that is due after the epochs that are done."""
        self._decide_current_val_interval()
        due = self._epoch % self.val_interval == 0 or self._epoch == self._max_epochs
        if self.runner.val_loop is not None and self._epoch >= self.val_begin and due:
            self.runner.val_loop.run()

    def run_epoch(self) -> None:
        """Run the epoch's batches that have not been seen."""
        self.runner.call_hook("before_train_epoch")
        self.runner.model.train()
        batches = self.dataloader.batch_sampler
        sampler: SeededSampler = batches.sampler
        sampler.set_epoch(self._epoch)
        batches.skip = self._iter - self._epoch * len(self.dataloader)
        for index, data_batch in enumerate(self.dataloader, start=batches.skip):
            self.run_iter(index, data_batch)
        self.runner.call_hook("after_train_epoch")
        self._epoch += 1

    def run_iter(self, idx: int, data_batch: Sequence[dict]) -> None:
        """Run one iteration, with generators set for it."""
        seed_generators(derive_seed(self.runner.seed, "iteration", self._iter, get_rank()))
        super().run_iter(idx, data_batch)


def _resumable(dataloader: dict[str, Any]) -> dict[str, Any]:
    """Return the data loader's config with `ResumableBatchSampler` around its batches."""
    if not isinstance(dataloader, dict):
        raise PodiumError("ResumableEpochLoop needs the data loader's config, not a built one")
    config = dict(dataloader)
    config["batch_sampler"] = {
        "type": ResumableBatchSampler,
        "inner": config.get("batch_sampler"),
        "drop_last": config.pop("drop_last", False),
    }
    return config


def _check_seeded(dataloader: DataLoader) -> None:
    """Refuse samplers and data sets under which the seed would have no effect."""
    sampler = getattr(dataloader.batch_sampler, "sampler", None)
    if not isinstance(sampler, SeededSampler):
        raise PodiumError(
            f"the sampler must be SeededSampler or ClassBalancedSampler, but is "
            f"{type(sampler).__name__}; its samples would not follow the seed"
        )
    _check_dataset(dataloader.dataset)


def _check_dataset(dataset: Dataset) -> None:
    if getattr(dataset, "follows_seed", False):
        return
    name = type(dataset).__name__
    parts = getattr(dataset, "datasets", None) or [getattr(dataset, "dataset", None)]
    if name not in _WRAPPERS or None in parts:
        raise PodiumError(
            f"the training set must be CompetitionDataset, alone or within ConcatDataset or "
            f"RepeatDataset, but is {name}; its samples would not follow the seed (Mixup, "
            "SeededMosaic and ClassBalancedSampler need no data set around it)"
        )
    for part in parts:
        _check_dataset(part)
