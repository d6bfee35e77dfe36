"""What is odd about a config: set twice, handed to nobody, read by nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from custom.training.checks.optimizer import custom_key_faults
from custom.training.checks.preprocessing import preprocessing_faults
from custom.training.configuration import KNOWN_KEYS, read_config
from custom.training.inspection.arguments import unknown_arguments
from custom.training.inspection.sources import Setting, SourceFile, chain
from custom.training.nodes import without_scopes

WARNING, NOTE = "warning", "note"


@dataclass(frozen=True)
class Issue:
    """Something to look at before training.

    Attributes:
        level: "warning" (most likely a mistake) or "note" (what inheriting does, said aloud).
        key: The dotted key.
        message: What is so, and where.
    """

    level: str
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.level}: {self.key}: {self.message}"


def inspect_config(path: str | Path) -> list[Issue]:
    """Return what is odd about a config file and those it inherits from, warnings first.

    Raises:
        PodiumError: If one of the files cannot be read or is no Python.
    """
    files = chain(Path(path).resolve())
    config = read_config(path)
    issues = [
        *_set_twice(files),
        *_pipelines_without_dataloader(files, config),
        *_read_by_nothing(files, config),
        *(Issue(WARNING, key, message) for key, message in unknown_arguments(config)),
        *_wrongly_used(config),
        *_overridden(files),
    ]
    return sorted(issues, key=lambda issue: issue.level, reverse=True)


def _wrongly_used(config: Config) -> Iterator[Issue]:
    """Yield what the checks before a training would refuse, as far as the config alone says it."""
    for message in preprocessing_faults(config):
        yield Issue(WARNING, "model.data_preprocessor", message)
    try:
        messages = custom_key_faults(config)
    except (AttributeError, KeyError, TypeError, ValueError):
        return  # a base of configs has no whole model; the training says why one cannot be built
    for message in messages:
        yield Issue(WARNING, "optim_wrapper.paramwise_cfg", message)


def _set_twice(files: list[SourceFile]) -> Iterator[Issue]:
    for source in files:
        for first, again in source.twice:
            yield Issue(
                WARNING,
                again.key,
                f"set twice in one place, at {first.where} and {again.where}; the second holds",
            )


def _overridden(files: list[SourceFile]) -> Iterator[Issue]:
    final: dict[str, Setting] = {}
    for source in files:
        for key, setting in source.settings.items():
            if key in final and final[key].text != setting.text and final[key].file != source.path:
                yield Issue(
                    NOTE,
                    key,
                    f"{final[key].text} at {final[key].where} is overridden by "
                    f"{setting.text} at {setting.where}",
                )
            final[key] = setting


def _pipelines_without_dataloader(files: list[SourceFile], config: Config) -> Iterator[Issue]:
    """Yield top-level pipelines that no data set is given."""
    values = without_scopes(config.to_dict())
    used = list(_pipelines(values, top=True))
    for name, value in config.items():
        is_pipeline = isinstance(value, list) and name.endswith("pipeline") and value
        if is_pipeline and name not in KNOWN_KEYS and values[name] not in used:
            setting = _last(files, name)
            yield Issue(
                WARNING,
                name,
                f"redefined at {setting.where}, but handed to no dataloader: those have the "
                f"pipeline as it was; set {name.replace('pipeline', 'dataloader')} = "
                f"dict(dataset=dict(pipeline={name})) too",
            )


def _pipelines(node: Any, top: bool = False) -> Iterator[Any]:
    """Yield every value under a key `pipeline`; at the top only those of known keys are used."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "pipeline":
                yield value
            if not top or key in KNOWN_KEYS:
                yield from _pipelines(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _pipelines(value)


def _read_by_nothing(files: list[SourceFile], config: Config) -> Iterator[Issue]:
    """Yield top-level names that are no key of the framework and that no expression uses."""
    for name in config:
        if name in KNOWN_KEYS or name.endswith("pipeline"):
            continue
        setting = _last(files, name)
        at = next(i for i, source in enumerate(files) if source.path == setting.file)
        read = name in files[at].names_read
        read |= any(name in source.bases_read for source in files[at + 1 :])
        if not read:
            earlier = any(name in source.names_read for source in files[:at])
            why = (
                "its uses in the files it inherits from were made with the old value"
                if earlier
                else "no part of the framework has such a key"
            )
            yield Issue(WARNING, name, f"set at {setting.where}, but nothing reads it: {why}")


def _last(files: list[SourceFile], name: str) -> Setting:
    """Return the last setting of a top-level name, or of something below it."""
    for source in reversed(files):
        for key, setting in source.settings.items():
            if key.split(".")[0] == name:
                return setting
    return Setting(name, "", files[-1].path, 1)
