"""What the checks look at: the config, its annotations and its split, each read once."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from mmengine.config import Config

from custom.image_folders import images_folder_of
from custom.splits import Split, read_split, select_part
from custom.tables import GroundTruth
from custom.tables.coco import read_ground_truth


class Facts:
    """A resolved config and its data, read when a check asks for it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.competition = config.competition
        self.root = Path(config.competition.data_root)
        self.fold: Any = config.competition.fold
        # What is said once, though several parts show it.
        self.said: set[str] = set()

    def images(self, part: str) -> Path:
        """Return the folder that the file names of "train", "val" or "test" start from."""
        return images_folder_of(self.competition, part)

    @property
    def on_all_folds(self) -> bool:
        """Whether every image is trained on, and nothing validates."""
        return self.fold is None

    @cached_property
    def train(self) -> GroundTruth:
        """What is trained on, with the fold that judges."""
        return read_ground_truth(self.root / self.competition.train_ann)

    @cached_property
    def val(self) -> GroundTruth:
        """What judges, with all other folds."""
        return read_ground_truth(self.config.val_evaluator.ann_file)

    @cached_property
    def split(self) -> Split:
        """The sealed split."""
        return read_split(self.competition.split)

    @cached_property
    def chosen(self) -> GroundTruth:
        """The images of the train part."""
        if self.on_all_folds:
            return self.train
        return self.train.take(select_part(self.split, self.fold, "train", self.train.images))

    @cached_property
    def judged(self) -> GroundTruth:
        """The images of the val part."""
        return self.val.take(select_part(self.split, self.fold, "val", self.val.images))

    @property
    def parts(self) -> dict[str, GroundTruth]:
        """What is trained on and what judges, by part."""
        only = {"train": self.chosen}
        return only if self.on_all_folds else {**only, "val": self.judged}

    @cached_property
    def test(self) -> GroundTruth | None:
        """The test set, where its list is there."""
        path = self.root / self.competition.test_ann
        return read_ground_truth(path) if path.is_file() else None
