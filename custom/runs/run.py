"""The run folder: how a run's predictions and ground truth are found again.

`runs/<run>/` holds `config.json` and `config.py`, `run.json`, `val.json`, `best.pth` and logs;
beside it lies `runs/<run>.json`, the predictions on the test set.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from custom.errors import PodiumError
from custom.evaluation.groups import groups_of
from custom.file_sets import complete
from custom.files import PathLike, canonical_hash, sha256_of
from custom.run_folder import RECORD, folder_of
from custom.runs.config import has_config, read_config
from custom.runs.entries import DataEntry
from custom.runs.procedure import Procedure, check_predictions, procedure_of
from custom.runs.record import RunRecord, read_record
from custom.splits import Split, read_split, select_part
from custom.tables import Categories, GroundTruth, Images, Predictions
from custom.tables.coco import read_ground_truth, read_results


@dataclass(frozen=True)
class Run:
    """Something that has predicted: its folder and what `run.json` says of it."""

    folder: Path
    record: RunRecord

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def test_file(self) -> Path:
        """The predictions on the test set, `runs/<run>.json`; it may not exist yet."""
        return self.folder.with_name(f"{self.name}.json")

    @property
    def has_test_predictions(self) -> bool:
        """Whether the test set was predicted and the file is there."""
        return "test" in self.record.data and self.test_file.is_file()

    @property
    def split_hash(self) -> str:
        """The hash that seals the split it was trained on."""
        return self.record.split.hash

    @property
    def group(self) -> str:
        """What the folds of one model share: its config's name and its seed."""
        if self.record.model or not self.record.config:
            return self.record.model or self.name
        return f"{Path(self.record.config).stem}-seed{self.record.seed}"

    @property
    def identity(self) -> str:
        """What tells its predictions from another run's: its weights, and how they were applied."""
        weights = self.record.checkpoint_hash or sha256_of(self.folder / "val.json")
        usual = self.procedure == Procedure()
        return weights if usual else canonical_hash([weights, str(self.procedure)])

    @property
    def procedure(self) -> Procedure:
        """How `val.json` was predicted; the test set, where the run has no fold."""
        return procedure_of(self.record, "test" if self.record.fold is None else "val")

    @cached_property
    def split(self) -> Split:
        """The sealed split, checked against the hash in the record."""
        split = read_split(self.record.split.path)
        if split.hash != self.split_hash:
            raise PodiumError(
                f"{self.folder / RECORD} must belong to the split {split.hash[:12]} in "
                f"{self.record.split.path}, but was made on {self.split_hash[:12]}; "
                "train again, or restore that split"
            )
        return split

    @property
    def val_fold(self) -> int:
        """The fold whose val images it has not seen.

        Raises:
            PodiumError: If it has seen them all.
        """
        if self.record.fold is None:
            raise PodiumError(
                f"{self.name} must have a fold that it has not seen to be evaluated, but was "
                "trained on all images; name a run of a fold, such as its siblings: the same "
                "config and seed with --fold 0"
            )
        return self.record.fold

    def config(self, only: Collection[str] | None = None) -> dict[str, Any]:
        """The resolved config, read as data and checked against the recorded hash.

        Args:
            only: Top-level keys to read; all if None.

        Raises:
            PodiumError: If there is none, as in a run that was imported, or it was changed.
        """
        if self.record.made_from and not has_config(self.folder):
            raise PodiumError(
                f"{self.folder} must have been trained here for this, but was imported from "
                f"{self.record.made_from[0].path}, without a model or a config"
            )
        return read_config(self.folder, self.record.config_hash, only)

    @property
    def val_file(self) -> Path:
        """The annotations that judge this run, checked against the recorded hash."""
        return self._data_file("val")

    @property
    def annotated_file(self) -> Path:
        """Annotations of the classes: those that judge this run, or that it was trained on."""
        return self._data_file("train" if self.record.fold is None else "val")

    @cached_property
    def val_ground_truth(self) -> GroundTruth:
        """The boxes of the fold that judges this run, in the order of the split."""
        return val_part(read_ground_truth(self.val_file), self.split, self.val_fold)

    def val_predictions(self) -> Predictions:
        """The out-of-fold predictions, `val.json`, on every image of the fold."""
        gt = self.val_ground_truth
        return self.read_predictions("val", gt.images, gt.categories)

    def test_set(self) -> tuple[Images, Categories]:
        """The images and classes of the test set that `runs/<run>.json` covers."""
        gt = read_ground_truth(self._data_file("test"))
        return gt.images, gt.categories

    def test_predictions(self) -> Predictions:
        """The predictions on the test set."""
        return self.read_predictions("test", *self.test_set())

    def read_predictions(self, part: str, images: Images, categories: Categories) -> Predictions:
        """Return the predictions on "val" or "test", whose images and classes are known.

        Raises:
            PodiumError: If the other part was predicted differently, or the file has changed.
        """
        path = self.folder / "val.json" if part == "val" else self.test_file
        check_predictions(self.folder, self.record, part, path)
        return read_results(path, images, categories)

    def data_entry(self, part: str) -> DataEntry:
        """Return what is recorded of the "train", "val" or "test" annotations.

        Raises:
            PodiumError: If there are none.
        """
        if part not in self.record.data:
            raise PodiumError(
                f"{self.folder / RECORD}: no {part} set is recorded; run tools/test.py"
            )
        return self.record.data[part]

    def _data_file(self, part: str) -> Path:
        """Return the annotation file of a part of the data, checked against its hash."""
        entry = self.data_entry(part)
        path = Path(entry.ann_file)
        if path.exists() and sha256_of(path) != entry.hash:
            raise PodiumError(
                f"{path} must be the file that {self.folder / RECORD} was made with "
                f"({entry.hash[:12]}), but its content has changed; restore it, or run again"
            )
        return path


def val_part(annotations: GroundTruth, split: Split, fold: int) -> GroundTruth:
    """Return the boxes of a fold's val images, in the order of the split, with their groups."""
    val = select_part(split, fold, "val", annotations.images)
    return annotations.grouped(groups_of(annotations, split)).take(val)


def read_run(path: PathLike) -> Run:
    """Read a run from its folder, its `run.json` or its test predictions `runs/<run>.json`.

    Raises:
        PodiumError: If there is no run, or its record is not what it must be.
    """
    folder = folder_of(path)
    complete(folder.parent)
    if not (folder / RECORD).is_file():
        raise PodiumError(f"{path} must be a run, but there is no {folder / RECORD}")
    return Run(folder, read_record(folder))
