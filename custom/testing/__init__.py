"""Toy data and toy configs that the tests share."""

from __future__ import annotations

from pathlib import Path

SHARED_DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def shared_data(name: str = "") -> Path:
    """Return the folder or file `name` of the real data beside the checkout, or skip the test."""
    import pytest

    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip(f"the real data is absent: {path}")
    return path
