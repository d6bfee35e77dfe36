"""What a config sets and a training would throw away: refused, with the key that is meant."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

from custom.errors import PodiumError
from custom.image_folders import images_of
from custom.training.extra_data import EXTRA
from custom.training.nodes import dicts_below, name_of

PARTS = ("train", "val", "test")
_MEANT = {"train": "train_ann", "val": "val_ann", "test": "test_ann"}


def refuse_unused(config: Config, earlier: Mapping[str, Any]) -> None:
    """Refuse values that the facts in `competition` would overwrite with others.

    Equal values are no contradiction: a run's own resolved config has them all.

    Args:
        config: With the command's options, before the facts are handed to its data sets.
        earlier: `competition` as it was before those options.

    Raises:
        PodiumError: With the key that is set in vain, and the one to set instead.
    """
    facts = [config.competition, earlier]
    for where, value, allowed, instead in _placed(config, facts):
        if not any(_same(value, other) for other in allowed):
            raise PodiumError(
                f"{where} is set to {value!r}, but the training would use {allowed[0]!r} of "
                f"`competition`; {instead}"
            )
    if (config.get("randomness") or {}).get("diff_rank_seed"):
        raise PodiumError(
            "randomness.diff_rank_seed must be False, since processes take their shares of one "
            "order; take it out"
        )


def _placed(config: Config, facts: list[Any]) -> Iterator[tuple[str, Any, list[Any], str]]:
    """Yield each value that is overwritten: where, itself, what it may be, and the remedy."""
    for part in PARTS:
        for dataset in dicts_below(config.get(f"{part}_dataloader")):
            if name_of(dataset) == "CompetitionDataset" and dataset.get("part") != EXTRA:
                yield from _of_dataset(f"{part}_dataloader.dataset", dataset, facts)
    for part in ("val", "test"):
        evaluator = config.get(f"{part}_evaluator")
        if isinstance(evaluator, Mapping) and evaluator.get("ann_file"):
            allowed = [str(Path(each["data_root"]) / _file(each, part)) for each in facts]
            yield (
                f"{part}_evaluator.ann_file", evaluator["ann_file"], allowed,
                f"set competition.{_MEANT[part]}",
            )  # fmt: skip


def _of_dataset(
    where: str, dataset: Mapping[str, Any], facts: list[Any]
) -> Iterator[tuple[str, Any, list[Any], str]]:
    part = dataset.get("part", "train")
    if part in PARTS and dataset.get("ann_file"):
        allowed: list[Any] = [_file(each, part) for each in facts]
        allowed += [str(Path(each["data_root"]) / _file(each, part)) for each in facts]
        remedy = f"set competition.{_MEANT[part]}"
        if part == "train":
            remedy += ", or competition.extra_train = [dict(ann=..., images=...)] to train on both"
        yield f"{where}.ann_file", dataset["ann_file"], allowed, remedy
    if dataset.get("data_root"):
        roots = [each["data_root"] for each in facts]
        yield f"{where}.data_root", dataset["data_root"], roots, "set competition.data_root"
    prefix = (dataset.get("data_prefix") or {}).get("img")
    if prefix:
        yield (
            f"{where}.data_prefix.img", prefix, [images_of(each, part) for each in facts],
            f"set competition.{part}_images, the folder that file names start from",
        )  # fmt: skip
    if classes := (dataset.get("metainfo") or {}).get("classes"):
        allowed = [tuple(each["classes"]) for each in facts]
        yield f"{where}.metainfo.classes", tuple(classes), allowed, "set competition.classes"
    for key in ("split", "fold"):
        if dataset.get(key) is not None:
            allowed = [each[key] for each in facts]
            yield f"{where}.{key}", dataset[key], allowed, f"set competition.{key}"


def _file(competition: Mapping[str, Any], part: str) -> str:
    files = {"val": competition.get("val_ann", competition["train_ann"])}
    return str(files.get(part, competition.get(f"{part}_ann")))


def _same(value: Any, other: Any) -> bool:
    """Return whether two values, or the paths that they are, are equal."""
    if isinstance(value, str) and isinstance(other, str):
        return os.path.normpath(value) == os.path.normpath(other)
    return bool(value == other)
