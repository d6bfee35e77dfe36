"""The record beside a submission, `<name>.meta.json`: what it is of, what it scores on val."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from custom.errors import PodiumError
from custom.evaluation.metrics import DEFAULT_METRIC
from custom.file_sets import complete
from custom.files import PathLike, read_json, write_json
from custom.typed_json import from_json, to_json

SUFFIX = ".meta.json"
# What the value was called when there was one metric.
_OLD_VALUE = "mAP50"


@dataclass(frozen=True)
class ValEntry:
    """A score on validation.

    Attributes:
        metric: Its name.
        value: None where it is not known.
        interval: The 95% interval over the images; None where it is not known.
        singles: The value of each model alone, by name.
    """

    metric: str = DEFAULT_METRIC
    value: float | None = None
    interval: tuple[float, float] | None = None
    singles: Mapping[str, float | None] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Meta:
    """Where a submission comes from.

    Attributes:
        runs: The names of what was fused, or of the one run; empty if unknown.
        recipe: How it was fused, as `configs` and the repairs by name; empty for one run.
        split_hash: Of the sealed split that `val` was measured on.
        val: Its score on validation; None where it has none.
        inputs_hash: Of all that was fused and how: equal for equal submissions.
        hash: SHA-256 of the file that is uploaded.
        hashes: SHA-256 of each file, by its extension.
    """

    runs: tuple[str, ...] = ()
    recipe: Mapping[str, Any] = field(default_factory=dict)
    split_hash: str | None = None
    val: ValEntry | None = None
    inputs_hash: str = ""
    hash: str | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def keeps_raw_scores(self) -> bool:
        """Whether it was fused with `--raw-scores`, so that scores above 1 are meant."""
        configs = self.recipe.get("configs")
        found = configs if isinstance(configs, list) else []
        return any(isinstance(each, dict) and each.get("raw_scores") is True for each in found)


def meta_file_of(path: PathLike) -> Path:
    """Return where the record of a submission's file lies, whether there is one or not.

    Of a record itself it is that.
    """
    path = Path(path)
    return path if path.name.endswith(SUFFIX) else path.parent / f"{path.stem}{SUFFIX}"


def read_meta(path: PathLike, digest: str | None = None) -> Meta:
    """Read the record beside a submission; one of which nothing is known where there is none.

    Args:
        path: The submission's file.
        digest: The hash of that file, which the record must be of; None: any file.

    Raises:
        PodiumError: If the record is not what it must be, file and key are named, or describes
            another content of the file.
    """
    meta_file = meta_file_of(path)
    complete(meta_file.parent)
    if not meta_file.is_file():
        return Meta()
    content = read_json(meta_file)
    if isinstance(content, dict) and isinstance(content.get("val"), dict):
        content = {**content, "val": _upgraded(content["val"])}
    meta = from_json(Meta, content, str(meta_file))
    if digest is not None and meta.hash not in (None, digest):
        raise PodiumError(
            f"{path} must be the file that {meta_file} describes, but has changed since; "
            "write it again, or remove the meta file and pass --val"
        )
    return meta


def write_meta(path: PathLike, meta: Meta, digest: str, **hashes: str) -> None:
    """Write the record beside a submission's file, whose hash is `digest`."""
    known = replace(meta, hash=digest, hashes=hashes or meta.hashes)
    write_json(meta_file_of(path), to_json(known))


def _upgraded(val: dict[str, Any]) -> dict[str, Any]:
    """Return the score as it is kept since there are several metrics."""
    if _OLD_VALUE not in val:
        return val
    others = {key: value for key, value in val.items() if key != _OLD_VALUE}
    return {"metric": DEFAULT_METRIC, "value": val[_OLD_VALUE], **others}
