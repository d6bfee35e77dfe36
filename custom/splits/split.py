"""A sealed split as it is read from disk: who validates what, under one hash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from custom.boxes import IntArray
from custom.errors import PodiumError
from custom.files import PathLike, canonical_hash, read_json, sha256_of
from custom.splits.names import NameIndex
from custom.tables import Images
from custom.tables.records import check_each, column, integers, is_integer, texts
from custom.typed_json import from_json

MANIFEST = "manifest.json"
# Digests of image files, by name, that were not there when the split was sealed.
CONTENTS = "contents.json"
FORMAT = 1
# A parameter: names are sealed as `train/<name>` and `val/<name>`, since both files have some.
BY_PART = "names_by_part"


@dataclass(frozen=True, eq=False)
class Split:
    """Folds over the images of an annotation file, or one fold of an organiser's val file.

    Attributes:
        name: The folder's name.
        hash: Of everything in the manifest, and through it of the fold files.
        folder: Where it was read from.
        images: All I images that were sealed, ordered by id.
        folds: For each fold the positions of its val images, ascending.
        groups: Shape (I,), images of one group are related and stay together.
        labels: For each image the digest of its boxes when sealed.
        contents: For each image the digest of its file when first seen, or "".
        manifest: The content of `manifest.json`.
    """

    name: str
    hash: str
    folder: Path
    images: Images
    folds: tuple[IntArray, ...]
    groups: IntArray
    labels: tuple[str, ...]
    contents: tuple[str, ...]
    manifest: dict[str, Any]

    @property
    def num_folds(self) -> int:
        """How many folds there are."""
        return len(self.folds)

    @cached_property
    def name_index(self) -> NameIndex:
        """Positions by file name, forgiving leading folders."""
        return NameIndex(self.images.file_names)

    @property
    def has_own_val_file(self) -> bool:
        """Whether val images are listed in a file of their own, as an organiser gave it."""
        return "val" in self.manifest["annotations"]

    def matches(self, file_name: str, part: str) -> list[int]:
        """Return the positions of the images that a name in a file of a part means.

        Args:
            file_name: As an annotation file has it.
            part: "train" or "val": whose file. It matters only where the names of two files were
                sealed apart, as `train/<name>` and `val/<name>`.
        """
        if self.manifest["parameters"].get(BY_PART):
            own = self.name_index.matches(f"{part}/{file_name}")
            return own or self.name_index.matches(file_name)
        return self.name_index.matches(file_name)

    def find(self, file_name: str, part: str) -> int | None:
        """Return the position of the one image that a name means, or None; see `matches`."""
        found = self.matches(file_name, part)
        return found[0] if len(found) == 1 else None

    def val_positions(self, fold: int) -> IntArray:
        """Return the positions in `images` of the fold's val images.

        Raises:
            PodiumError: If there is no such fold.
        """
        if not 0 <= fold < self.num_folds:
            raise PodiumError(
                f"fold must be 0 to {self.num_folds - 1} in split {self.folder}, but is {fold}"
            )
        return self.folds[fold]

    def train_positions(self, fold: int) -> IntArray:
        """Return the positions in `images` of what the fold is trained on: all but its val."""
        mask = np.ones(len(self.images), bool)
        mask[self.val_positions(fold)] = False
        return np.flatnonzero(mask)

    def val_ids(self, fold: int) -> IntArray:
        """Return the image ids that validate the fold, ascending, as they were sealed."""
        return self.images.ids[self.val_positions(fold)]

    def train_ids(self, fold: int) -> IntArray:
        """Return the image ids that the fold is trained on, ascending, as they were sealed."""
        return self.images.ids[self.train_positions(fold)]

    def val_file_names(self, fold: int) -> tuple[str, ...]:
        """Return the file names of the fold's val images."""
        return self.images.take(self.val_positions(fold)).file_names

    def train_file_names(self, fold: int) -> tuple[str, ...]:
        """Return the file names of the images that the fold is trained on."""
        return self.images.take(self.train_positions(fold)).file_names


@dataclass(frozen=True)
class _File:
    """A file of a split."""

    file: str
    sha256: str


@dataclass(frozen=True)
class _Category:
    """A class, as it was sealed."""

    id: int
    name: str
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Annotations:
    """What was split."""

    file: str
    sha256: str
    categories: tuple[_Category, ...]
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Manifest:
    """What is read of a manifest."""

    format: int
    hash: str
    name: str
    identity: str
    annotations: _Annotations
    parameters: Mapping[str, Any]
    files: tuple[_File, ...]
    extra: Mapping[str, Any] = field(default_factory=dict)


def read_split(folder: PathLike) -> Split:
    """Read a sealed split and check the seal.

    Args:
        folder: The split's folder, or its `manifest.json`.

    Raises:
        PodiumError: If it is no split, or a file of it is not what was sealed.
    """
    folder = Path(folder)
    folder = folder.parent if folder.name == MANIFEST else folder
    if not (folder / MANIFEST).is_file():
        raise PodiumError(
            f"{folder} must be a sealed split, but has no {MANIFEST}; make one with "
            f"`python tools/split.py <train.json> --folds 5 --seed 42`"
        )
    manifest = read_json(folder / MANIFEST)
    files = _checked_files(folder, manifest)
    rows, folds = [], []
    for path in files:
        part = _read_part(path)
        rows += part["images"]
        if "fold" in part:
            folds.append([row["id"] for row in part["images"]])
    unique = {row["id"]: row for row in rows}
    ordered = [unique[image_id] for image_id in sorted(unique)]
    images = Images(
        np.array([row["id"] for row in ordered], np.int64),
        tuple(row["file_name"] for row in ordered),
        np.array([row["size_hw"] for row in ordered], np.int64),
        str(folder),
    )
    groups = [row["group"] for row in ordered]
    check_each(
        groups, range(len(ordered)).__contains__, f"{folder}: group of image", "a group's number"
    )
    return Split(
        name=manifest["name"],
        hash=manifest["hash"],
        folder=folder,
        images=images,
        folds=tuple(np.searchsorted(images.ids, sorted(ids)) for ids in folds),
        groups=np.array(groups, np.int64),
        labels=tuple(row["labels"] for row in ordered),
        contents=_contents(folder, ordered),
        manifest=manifest,
    )


def _contents(folder: Path, rows: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """Return the digest of each image's file: as sealed, or as seen since."""
    seen = read_json(folder / CONTENTS) if (folder / CONTENTS).is_file() else {}
    if not isinstance(seen, dict) or not all(isinstance(each, str) for each in seen.values()):
        raise PodiumError(f"{folder / CONTENTS} must hold a digest for each file name; remove it")
    return tuple(row.get("content", "") or seen.get(row["file_name"], "") for row in rows)


def manifest_hash(manifest: dict[str, Any]) -> str:
    """Return the hash of a manifest: of all that is in it, but for the hash itself."""
    return canonical_hash({key: value for key, value in manifest.items() if key != "hash"})


def _checked_files(folder: Path, manifest: Any) -> list[Path]:
    """Return the files of a split, after comparing them and the manifest with its hashes."""
    version = manifest.get("format") if isinstance(manifest, dict) else FORMAT
    if version != FORMAT:
        raise PodiumError(
            f"{folder / MANIFEST} must have format {FORMAT}, but has {version}; "
            "it was sealed by another version"
        )
    files = from_json(_Manifest, manifest, str(folder / MANIFEST)).files
    broken = [each.file for each in files if sha256_of(folder / each.file) != each.sha256]
    if manifest_hash(manifest) != manifest["hash"]:
        broken.append(MANIFEST)
    if broken:
        raise PodiumError(
            f"{folder}: {', '.join(broken)} must be as sealed, but was changed afterwards; "
            "restore it from version control, or seal anew under another --name"
        )
    return [folder / each.file for each in files]


def _read_part(path: Path) -> dict[str, Any]:
    """Return the content of a fold's file, which another program may have sealed."""
    content = read_json(path)
    rows = content.get("images") if isinstance(content, dict) else None
    if not isinstance(rows, list):
        raise PodiumError(f"{path}: images must be a list of images, but is {rows!r:.60}")
    for key in ("id", "group"):
        integers(rows, key, path, "image")
    for key in ("file_name", "labels"):
        texts(rows, key, path, "image")
    sizes = column(rows, "size_hw", path, "image")
    check_each(sizes, _is_size, f"{path}: size_hw of image", "two integers")
    contents = [row.get("content", "") for row in rows]
    check_each(contents, lambda v: isinstance(v, str), f"{path}: content of image", "a text")
    return content


def _is_size(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(is_integer, value))
