"""The run folder: what a run records, and how its predictions and ground truth are found again.

`runs/<run>/` holds `config.py`, `run.json`, `val.json`, `best.pth` and logs; beside it lies
`runs/<run>.json`, the predictions on the test set.
"""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from types import UnionType
from typing import Any

from custom.errors import PodiumError
from custom.files import PathLike, read_json, sha256_of, write_json
from custom.splits import Split, read_split, select_part
from custom.tables import Categories, GroundTruth, Images, Predictions
from custom.tables.coco import read_ground_truth, read_results

RECORD = "run.json"
# The kind of each part that a record must have; a run without a split into folds has no fold.
REQUIRED_PARTS: dict[str, type | UnionType] = {
    "name": str,
    "config": str,
    "seed": int,
    "fold": int | None,
    "split": dict,
    "data": dict,
    "metrics": dict,
}
RECORDED_PACKAGES = (
    "torch",
    "onedl-mmengine",
    "onedl-mmcv",
    "onedl-mmdetection",
    "numpy",
    "numba",
    "albumentations",
    "opencv-python-headless",
)


@dataclass(frozen=True)
class Run:
    """One trained model: its folder and what `run.json` says of it."""

    folder: Path
    record: dict[str, Any]

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def test_file(self) -> Path:
        """The predictions on the test set, `runs/<run>.json`; it may not exist yet."""
        return self.folder.with_name(f"{self.name}.json")

    @property
    def split_hash(self) -> str:
        """The hash that seals the split it was trained on."""
        return str(self.record["split"]["hash"])

    @property
    def group(self) -> str:
        """What the folds of one model share: its config's name and its seed."""
        return f"{Path(self.record['config']).stem}-seed{self.record['seed']}"

    @cached_property
    def split(self) -> Split:
        """The sealed split, checked against the hash in the record."""
        split = read_split(self.record["split"]["path"])
        if split.hash != self.split_hash:
            raise PodiumError(
                f"{self.folder / RECORD} must belong to the split {split.hash[:12]} in "
                f"{self.record['split']['path']}, but was made on {self.split_hash[:12]}; "
                "train again, or restore that split"
            )
        return split

    @property
    def val_file(self) -> Path:
        """The annotations that judge this run, checked against the recorded hash."""
        return self._data_file("val")

    @cached_property
    def val_ground_truth(self) -> GroundTruth:
        """The boxes of the fold that judges this run, in the order of the split."""
        gt = read_ground_truth(self.val_file)
        return gt.take(select_part(self.split, self.record["fold"], "val", gt.images))

    def val_predictions(self) -> Predictions:
        """The out-of-fold predictions, `val.json`, on every image of the fold."""
        gt = self.val_ground_truth
        return read_results(self.folder / "val.json", gt.images, gt.categories)

    def test_set(self) -> tuple[Images, Categories]:
        """The images and classes of the test set that `runs/<run>.json` covers."""
        gt = read_ground_truth(self._data_file("test"))
        return gt.images, gt.categories

    def test_predictions(self) -> Predictions:
        """The predictions on the test set."""
        return read_results(self.test_file, *self.test_set())

    def _data_file(self, part: str) -> Path:
        """Return the annotation file of a part of the data, checked against its hash."""
        entry = self.record["data"].get(part)
        if entry is None:
            raise PodiumError(
                f"{self.folder / RECORD}: no {part} set is recorded; run tools/test.py"
            )
        path = Path(entry["ann_file"])
        if path.exists() and sha256_of(path) != entry["hash"]:
            raise PodiumError(
                f"{path} must be the file that {self.folder / RECORD} was made with "
                f"({entry['hash'][:12]}), but its content has changed; restore it, or run again"
            )
        return path


def read_run(path: PathLike) -> Run:
    """Read a run from its folder, its `run.json` or its test predictions `runs/<run>.json`.

    Raises:
        PodiumError: If there is no run, or its record lacks something.
    """
    path = Path(path)
    if path.name == RECORD:
        folder = path.parent
    else:
        folder = path.with_suffix("") if path.suffix == ".json" else path
    if not (folder / RECORD).is_file():
        raise PodiumError(f"{path} must be a run, but there is no {folder / RECORD}")
    record = read_json(folder / RECORD)
    _check_parts(record, REQUIRED_PARTS, f"{folder / RECORD}")
    _check_parts(record["split"], {"path": str, "hash": str}, f"{folder / RECORD}: split")
    return Run(folder, record)


def _check_parts(content: Any, parts: Mapping[str, type | UnionType], where: str) -> None:
    """Refuse a JSON object that lacks a part, or in which one is of another kind."""
    for key, kind in parts.items():
        if not isinstance(content, dict) or key not in content:
            raise PodiumError(f"{where} must have the key {key!r}; was it cut short?")
        if not isinstance(content[key], kind):
            name = getattr(kind, "__name__", str(kind))
            raise PodiumError(f"{where}: {key} must be of type {name}, but is {content[key]!r:.80}")


def write_record(folder: PathLike, record: dict[str, Any]) -> None:
    """Write a run's `run.json`, whole; its presence says that the run is finished."""
    write_json(Path(folder) / RECORD, record)


def update_record(folder: PathLike, **values: Any) -> None:
    """Add keys to a run's `run.json`, or replace them; the file is written whole."""
    path = Path(folder) / RECORD
    write_json(path, {**read_json(path), **values})


def data_entry(ann_file: PathLike) -> dict[str, str]:
    """Return what a record keeps of an annotation file: its path and hash."""
    return {"ann_file": str(ann_file), "hash": sha256_of(ann_file)}


def check_same_split(runs: Iterable[Run]) -> None:
    """Refuse runs that were not judged on one sealed split.

    Raises:
        PodiumError: If two runs' hashes differ; both are named.
    """
    runs = list(runs)
    for run in runs[1:]:
        if run.split_hash != runs[0].split_hash:
            raise PodiumError(
                "runs must be judged on one sealed split, but "
                f"{runs[0].name} was on {runs[0].split_hash[:12]} and {run.name} on "
                f"{run.split_hash[:12]}; train them on the same split"
            )


def environment() -> dict[str, Any]:
    """Return what a record keeps of the machine: package versions, Python, platform."""
    versions = {"python": sys.version.split()[0], "platform": platform.platform()}
    for package in RECORDED_PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "absent"
    return versions


def code_state(root: PathLike) -> dict[str, Any]:
    """Return the revision of the checkout at `root`, and whether tracked files differ from it."""
    revision = _git(root, "rev-parse", "HEAD")
    status = _git(root, "status", "--porcelain", "--untracked-files=no")
    return {"revision": revision, "dirty": bool(status) if status is not None else None}


def _git(root: PathLike, *arguments: str) -> str | None:
    """Return what git prints, or None where there is no git or no checkout."""
    command: Sequence[str] = ("git", "-C", str(root), *arguments)
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()
