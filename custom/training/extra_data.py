"""Data sets that are trained on besides the competition's own: never in a fold, never judged by."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict

from custom.errors import PodiumError
from custom.files import sha256_of
from custom.image_folders import images_of
from custom.splits import read_split
from custom.tables.coco import read_ground_truth
from custom.training.nodes import dicts_below, name_of

# The part of a `CompetitionDataset` that takes every image of a file of its own.
EXTRA = "extra"
_KEYS = ("ann", "images", "weight")


@dataclass(frozen=True)
class ExtraData:
    """A file that is trained on besides.

    Attributes:
        ann_file: Its annotations.
        images: The folder that its file names start from.
        weight: How often each of its images is drawn in an epoch, on average.
    """

    ann_file: Path
    images: Path
    weight: float = 1.0


def extra_data(config: Config) -> list[ExtraData]:
    """Return the extra data of a resolved config."""
    found = []
    for holder in dicts_below(config.get("train_dataloader")):
        parts = holder.get("datasets") or [holder.get("dataset")]
        weights = holder.get("weights") or [1.0] * len(parts)
        for part, weight in zip(parts, weights, strict=False):
            if name_of(part) == "CompetitionDataset" and part.get("part") == EXTRA:
                root = Path(part["data_root"])
                images = root / part["data_prefix"]["img"]
                found.append(ExtraData(root / part["ann_file"], images, float(weight)))
    return found


def describe_extra_data(config: Config) -> list[dict[str, Any]]:
    """Return what a run's record keeps of its extra data."""
    return [
        {
            "ann_file": str(extra.ann_file),
            "sha256": sha256_of(extra.ann_file),
            "images": str(extra.images),
            "num_images": len(read_ground_truth(extra.ann_file).images),
            "weight": extra.weight,
        }
        for extra in extra_data(config)
    ]


def add_extra_data(config: Config) -> None:
    """Make extra parts of the training set.

    They come of `competition.extra_train`, and of a ConcatDataset's parts with a file of their own.

    Raises:
        PodiumError: If an entry of `extra_train` is not `dict(ann=..., images=..., weight=...)`.
    """
    _mark_own_files(config)
    entries = [_checked(entry) for entry in config.competition.get("extra_train") or ()]
    entries += _own_val(config.competition)
    if not entries or _already_there(config, entries):
        return
    loader = config.train_dataloader
    main = _main_dataset(loader.dataset)
    parts = [_extra_part(config, main, entry) for entry in entries]
    weights = [1.0, *(float(entry.get("weight", 1.0)) for entry in entries)]
    loader.dataset = ConfigDict(
        type="WeightedConcatDataset", datasets=[loader.dataset, *parts], weights=weights
    )


def _mark_own_files(config: Config) -> None:
    """Make parts of a ConcatDataset whose file is not the competition's extra ones."""
    for holder in dicts_below(config.train_dataloader):
        parts = holder.get("datasets")
        for part in parts if isinstance(parts, list | tuple) else ():
            own = part.get("ann_file") if name_of(part) == "CompetitionDataset" else None
            if own and own != config.competition.train_ann:
                part["part"] = EXTRA
                part.setdefault("data_root", config.competition.data_root)
                prefix = part.get("data_prefix") or {}
                part["data_prefix"] = dict(img=prefix.get("img", prefix.get("img_path", "")))


def _own_val(competition: Any) -> list[dict[str, Any]]:
    """Return an organiser's val file as extra data where every image is to be trained on."""
    if competition.fold is not None or not competition.get("val_ann"):
        return []
    if not read_split(competition.split).has_own_val_file:
        return []
    return [dict(ann=competition.val_ann, images=images_of(competition, "val"))]


def _checked(entry: Any) -> dict[str, Any]:
    shape = "dict(ann=..., images=..., weight=...)"
    if not isinstance(entry, dict) or not isinstance(entry.get("ann"), str):
        raise PodiumError(f"competition.extra_train must be a list of {shape}, but has {entry!r}")
    if unknown := sorted(set(entry) - set(_KEYS)):
        raise PodiumError(f"competition.extra_train must have {shape}, but one has {unknown[0]!r}")
    weight = entry.get("weight", 1.0)
    if not isinstance(weight, int | float) or isinstance(weight, bool) or not 0 < weight <= 100:
        raise PodiumError(
            f"the weight of competition.extra_train, how often each image is drawn in an epoch, "
            f"must be above 0 and at most 100, but is {weight!r} for {entry['ann']}"
        )
    return entry


def _main_dataset(node: Any) -> dict[str, Any]:
    """Return the training set's own `CompetitionDataset`, within wrappers or alone."""
    found = [each for each in dicts_below(node) if name_of(each) == "CompetitionDataset"]
    if not found:
        raise PodiumError("competition.extra_train needs CompetitionDataset as the training set")
    return found[0]


def _extra_part(config: Config, main: dict[str, Any], entry: dict[str, Any]) -> ConfigDict:
    """Return the data set of an entry, with the pipeline of the training's own."""
    part = copy.deepcopy(main)
    beside = Path(entry["ann"]).parent  # as file names of the competition's own files start
    part.update(
        part=EXTRA,
        data_root=str(config.competition.data_root),
        ann_file=entry["ann"],
        data_prefix=dict(img=entry.get("images", "" if beside == Path() else str(beside))),
    )
    return part


def _already_there(config: Config, entries: list[dict[str, Any]]) -> bool:
    """Return whether a run's own resolved config was read, which has the parts already."""
    there = {str(extra.ann_file) for extra in extra_data(config)}
    root = Path(config.competition.data_root)
    return all(str(root / entry["ann"]) in there for entry in entries)
