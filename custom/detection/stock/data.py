"""The data sets of a config of MMDetection, on a competition's data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmengine.config import Config, ConfigDict

from custom.errors import PodiumError
from custom.training.nodes import name_of

OURS = "CompetitionDataset"
# Those that MMDetection's own configs read; what a team has written itself is left to the checks.
_FOREIGN = (
    "CocoDataset", "VOCDataset", "LVISV05Dataset", "LVISV1Dataset", "LVISDataset",
    "Objects365V1Dataset", "Objects365V2Dataset", "OpenImagesDataset", "CityscapesDataset",
    "CrowdHumanDataset", "WIDERFaceDataset", "DeepFashionDataset",
)  # fmt: skip


def has_foreign_data(config: Config) -> bool:
    """Return whether the training's images are those of a config of MMDetection."""
    loader = config.get("train_dataloader")
    return isinstance(loader, dict) and _is_foreign(loader.get("dataset"))


def adopt_dataloader(config: Config, part: str) -> list[str]:
    """Let a data loader load its part of the competition's data, and return what is said of it."""
    key = f"{part}_dataloader"
    loader = config.get(key)
    if not isinstance(loader, dict) or not _is_foreign(loader.get("dataset")):
        return []
    said: list[str] = []
    loader["dataset"] = _adopted(loader["dataset"], part, f"{key}.dataset", said)
    return said


def _is_foreign(dataset: Any) -> bool:
    names = [name_of(each) for each in _innermost(dataset)]
    return bool(names) and all(name in _FOREIGN for name in names)


def _innermost(dataset: Any) -> Iterator[Any]:
    """Yield the data sets that others are around."""
    if not isinstance(dataset, dict):
        return
    if "dataset" in dataset:
        yield from _innermost(dataset["dataset"])
    elif "datasets" in dataset:
        for each in dataset["datasets"]:
            yield from _innermost(each)
    else:
        yield dataset


def _adopted(dataset: dict[str, Any], part: str, key: str, said: list[str]) -> ConfigDict:
    """Return the competition's data set in the place of one of MMDetection's."""
    kind = name_of(dataset)
    if kind == "ClassBalancedDataset":
        raise PodiumError(
            f"{key} must not be {kind}, under which the seed has no effect; "
            "sampler=dict(type='ClassBalancedSampler') does what it does"
        )
    if "dataset" in dataset:
        dataset["dataset"] = _adopted(dataset["dataset"], part, f"{key}.dataset", said)
        return ConfigDict(dataset)
    if "datasets" in dataset:
        count = len(dataset["datasets"])
        said.append(f"{key}: the competition's images, once, take the place of {count} data sets")
        return _adopted(dataset["datasets"][0], part, f"{key}.datasets.0", said)
    said.append(
        f"{key}: {OURS}, the competition's {part} images, takes the place of {kind} "
        f"({dataset.get('ann_file')}); its pipeline stays"
    )
    if dataset.get("filter_cfg"):
        said.append(f"{key}.filter_cfg is left out: images without boxes are trained on")
    test_mode = {} if part == "train" else {"test_mode": True}
    return ConfigDict(type=OURS, part=part, pipeline=list(dataset["pipeline"]), **test_mode)
