"""Write a split once and for all: fold files and a manifest that holds their hashes."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from custom import __version__
from custom.boxes import IntArray
from custom.errors import PodiumError
from custom.files import (
    PathLike,
    canonical_hash,
    real_path,
    remove_stale,
    sha256_of,
    umask,
    write_bytes,
    write_json,
)
from custom.splits.balance import Balance
from custom.splits.digests import categories_of, label_digests
from custom.splits.split import CONTENTS, FORMAT, MANIFEST, Split, manifest_hash, read_split
from custom.tables import GroundTruth


@dataclass(frozen=True, eq=False)
class Draft:
    """A split that is made but not yet sealed.

    Attributes:
        gt: The annotations.
        folds: For each fold the positions in `gt.images` of its val images.
        groups: Shape (I,), the group of each image.
        balance: Of these folds.
        parameters: What it was made with, JSON-like.
        issues: What is wrong with it, one sentence each.
        contents: For each image the digest of its file, or an empty list.
        duplicates: For each group of near-duplicates the positions of its images.
        val_file: Where val images are listed in a file of their own, that file.
    """

    gt: GroundTruth
    folds: tuple[IntArray, ...]
    groups: IntArray
    balance: Balance
    parameters: dict[str, Any]
    issues: list[str] = field(default_factory=list)
    contents: Sequence[str] = ()
    duplicates: Sequence[IntArray] = ()
    val_file: str | None = None


def seal(draft: Draft, folder: PathLike) -> Split:
    """Write a split to `folder` and read it back; the same split there already is left alone.

    A split that was sealed without its images gets their digests, once they are there, in a file
    beside the sealed ones: its hash, which runs refer to, stays.

    Raises:
        PodiumError: If another split is sealed there, or the folder cannot be written.
    """
    folder = Path(folder)
    parts = _parts(draft)
    identity = _identity(draft)
    if (folder / MANIFEST).exists():
        return _existing(folder, identity, draft)
    manifest = {
        "format": FORMAT,
        "name": folder.name,
        "tool": {"name": "podium", "version": __version__},
        "identity": identity,
        "annotations": _annotations(draft, folder),
        "parameters": draft.parameters,
        "files": [
            {"file": file_name, "sha256": hashlib.sha256(content).hexdigest()}
            for file_name, content in parts.items()
        ],
        "groups": int(draft.groups.max(initial=-1)) + 1,
        "near_duplicate_groups": len(draft.duplicates),
        "balance": draft.balance.as_dict(),
        "findings": draft.issues,
    }
    if not _write_folder(folder, parts, {"hash": manifest_hash(manifest), **manifest}):
        return _existing(folder, identity, draft)
    return read_split(folder)


def _write_folder(folder: Path, parts: dict[str, bytes], manifest: dict[str, Any]) -> bool:
    """Write all files to a hidden folder that takes the name at the end: all of them or none.

    Returns:
        Whether they were written; not where another process has sealed `folder` meanwhile.
    """
    if folder.exists() and (folder.is_file() or any(folder.iterdir())):
        raise PodiumError(f"{folder} must be new or empty, but holds something else; use --name")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        remove_stale(folder.parent)
        hidden = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".tmp", dir=folder.parent))
    except OSError as error:
        raise PodiumError(f"cannot write {folder}: {error.strerror or error}") from error
    try:
        for file_name, content in parts.items():
            write_bytes(hidden / file_name, content)
        write_json(hidden / MANIFEST, manifest)
        hidden.chmod(0o777 & ~umask())
        os.replace(hidden, folder)
    except OSError as error:
        if (folder / MANIFEST).exists():
            return False
        raise PodiumError(f"cannot write {folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
    return True


def _existing(folder: Path, identity: str, draft: Draft) -> Split:
    """Return the split that is sealed in `folder` if it is the wanted one."""
    there = read_split(folder)
    if there.manifest["identity"] != identity:
        raise PodiumError(
            f"{folder} holds another sealed split (hash {there.hash[:12]}), made from "
            f"{there.manifest['annotations']['file']} with {there.manifest['parameters']}; runs "
            "may depend on it. Seal this one under another name with --name"
        )
    if not draft.contents or any(there.contents):
        return there
    contents = dict(zip(draft.gt.images.file_names, draft.contents, strict=True))
    write_json(folder / CONTENTS, contents)
    return read_split(folder)


def _identity(draft: Draft) -> str:
    """Return a hash of who validates what under which labels, whatever wrote it and when."""
    names = draft.gt.images.file_names
    members = [sorted(names[i] for i in positions.tolist()) for positions in draft.folds]
    ids = dict(zip(names, draft.gt.images.ids.tolist(), strict=True))
    labels = dict(zip(names, label_digests(draft.gt), strict=True))
    classes = categories_of(draft.gt.categories)
    return canonical_hash([members, ids, labels, classes])


def _annotations(draft: Draft, folder: Path) -> dict[str, Any]:
    gt = draft.gt
    own_val = {} if draft.val_file is None else {"val": _source(draft.val_file, folder)}
    return {
        **_source(gt.source, folder),
        **own_val,
        "images": len(gt.images),
        "boxes": gt.num_boxes,
        "categories": categories_of(gt.categories),
    }


def _source(ann_file: PathLike, folder: Path) -> dict[str, Any]:
    """Return by what an annotation file is known and found again."""
    source, data = real_path(ann_file), folder.resolve().parent.parent
    # Where it lies deeper than beside the splits, as in COCO's own layout.
    inside = source.is_relative_to(data) and source.parent != data
    path = {"path": source.relative_to(data).as_posix()} if inside else {}
    return {"file": Path(ann_file).name, **path, "sha256": sha256_of(ann_file)}


def _parts(draft: Draft) -> dict[str, bytes]:
    """Return the content of each fold's file, and of what is in no fold, by file name."""
    rows = _rows(draft)
    parts = {
        f"fold{fold}.json": _lines({"fold": fold}, [rows[i] for i in sorted(positions.tolist())])
        for fold, positions in enumerate(draft.folds)
    }
    rest = np.setdiff1d(np.arange(len(rows)), np.concatenate(draft.folds)).tolist()
    if rest:
        parts["rest.json"] = _lines({}, [rows[i] for i in rest])
    return parts


def _rows(draft: Draft) -> list[dict[str, Any]]:
    images = draft.gt.images
    labels = label_digests(draft.gt)
    sizes, ids = images.sizes_hw.tolist(), images.ids.tolist()
    rows = []
    for index, file_name in enumerate(images.file_names):
        row = {
            "id": ids[index],
            "file_name": file_name,
            "size_hw": sizes[index],
            "group": int(draft.groups[index]),
            "labels": labels[index],
        }
        if draft.contents:
            row["content"] = draft.contents[index]
        rows.append(row)
    return rows


def _lines(head: dict[str, Any], rows: Sequence[dict[str, Any]]) -> bytes:
    """Return JSON with one image a line, so that version control shows what changed."""
    start = b"".join(b'  "%s": %s,\n' % (key.encode(), orjson.dumps(head[key])) for key in head)
    body = b",\n    ".join(orjson.dumps(row) for row in rows)
    return b'{\n%s  "images": [\n    %s\n  ]\n}\n' % (start, body)
