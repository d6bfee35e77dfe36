"""Digests that tell whether labels or image files are still what was sealed."""

from __future__ import annotations

import hashlib

import numpy as np

from custom.files import PathLike, read_bytes
from custom.tables import Categories, GroundTruth

# 64 bits: a chance hit among a million images has a probability of about 3e-8.
DIGITS = 16


def label_digests(gt: GroundTruth) -> list[str]:
    """Return a digest of each image's boxes, the same for any order and any ids of them.

    Classes enter by name, so that shifted category ids change nothing and shifted names do;
    coordinates enter in hundredths of a pixel, so that rounding tools do not count as edits.
    """
    names = gt.categories.names
    digests = []
    for index in range(len(gt.images)):
        rows = gt.rows(index)
        boxes = np.rint(gt.bboxes[rows] * 100).astype(np.int64).tolist()
        labels, crowd = gt.labels[rows].tolist(), gt.iscrowd[rows].tolist()
        lines = [
            f"{names[label]}|{box}|{is_crowd:d}"
            for label, box, is_crowd in zip(labels, boxes, crowd, strict=True)
        ]
        digests.append(bytes_digest("\n".join(sorted(lines)).encode()))
    return digests


def content_digest(path: PathLike) -> str:
    """Return a digest of an image file's bytes."""
    return bytes_digest(read_bytes(path))


def bytes_digest(content: bytes) -> str:
    """Return the first 64 bits of a SHA-256, as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()[:DIGITS]


def categories_of(categories: Categories) -> list[dict[str, object]]:
    """Return the classes as the manifest keeps them."""
    pairs = zip(categories.ids, categories.names, strict=True)
    return [{"id": category_id, "name": name} for category_id, name in pairs]
