"""What identifies a table of predictions, whatever file it came from."""

from __future__ import annotations

import hashlib

import numpy as np

from custom.tables import Predictions


def table_hash(predictions: Predictions) -> str:
    """Return the SHA-256 of a table's content."""
    digest = hashlib.sha256()
    for name in ("image_ids", "offsets", "bboxes", "scores", "labels"):
        digest.update(np.ascontiguousarray(getattr(predictions, name)).data)
    return digest.hexdigest()
