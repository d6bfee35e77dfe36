from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from custom.files import write_json
from custom.testing.toy_splits import coco, random_boxes


@pytest.fixture
def write_coco(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes toy annotations under `tmp_path/toy` and returns the file."""

    def write(content: dict[str, Any] | None = None, name: str = "train.json") -> Path:
        path = tmp_path / "toy" / name
        write_json(path, content or coco(20, random_boxes(20)))
        return path

    return write
