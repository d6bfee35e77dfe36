"""Compiled kernels on disk are dropped when any file they were made from has changed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import custom.compiled.jit as jit_module

PACKAGE = Path(jit_module.__file__).parents[1]
CALL = """
import sys
sys.path.insert(0, sys.argv[1])
from package.evaluation.outer import outer
print(outer(1.0), list(outer.stats.cache_hits.values()))
"""
INNER = "from package.compiled.jit import jit\n@jit\ndef inner(x):\n    return x + {}\n"
OUTER = (
    "from package.evaluation.inner import inner\nfrom package.compiled.jit import jit\n"
    "@jit\ndef outer(x):\n    return inner(x)\n"
)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    (folder / "evaluation").mkdir(parents=True)
    (folder / "compiled").mkdir()
    (folder / "__init__.py").write_text("")
    shutil.copy(jit_module.__file__, folder / "compiled" / "jit.py")
    (folder / "evaluation" / "inner.py").write_text(INNER.format(1))
    (folder / "evaluation" / "outer.py").write_text(OUTER)
    return folder


SCIPY = """
import sys
import numpy as np
from custom.ensemble.kernels.common import largest_image
largest_image(np.array([0, 2]), 0, 1)
print("scipy.linalg" in sys.modules)
import numba, scipy.linalg
print(scipy.linalg.norm([3, 4]), numba.njit(lambda a: np.linalg.norm(a))(np.array([3.0, 4.0])))
"""


def call_outer(package: Path) -> str:
    """Return what a fresh process computes, and whether it took the kernel from disk."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(package.parent / "cache")}
    command = [sys.executable, "-c", CALL, str(package.parent)]
    result = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return result.stdout.strip()


def test_a_change_in_a_called_function_is_seen(package: Path) -> None:
    assert call_outer(package) == "2.0 []"
    assert call_outer(package) == "2.0 [1]"
    (package / "evaluation" / "inner.py").write_text(INNER.format(2))
    assert call_outer(package) == "3.0 []"


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        pytest.param("evaluation/inner.py", True, id="called"),
        pytest.param("compiled/jit.py", True, id="compiler"),
        pytest.param("evaluation/new.py", True, id="new"),
        pytest.param("tables.py", False, id="without kernels"),
    ],
)
def test_the_stamp_is_of_all_sources(package: Path, name: str, changes: bool) -> None:
    before = jit_module.stamp_of(package)
    with (package / name).open("a") as file:
        file.write("# changed\n")
    assert (jit_module.stamp_of(package) != before) == changes


def test_no_kernel_is_elsewhere() -> None:
    covered = {path for pattern in jit_module.SOURCES for path in PACKAGE.glob(pattern)}
    holders = [
        path
        for path in PACKAGE.rglob("*.py")
        if re.search(r"^@(numba\.)?n?jit\b", path.read_text(), re.MULTILINE)
    ]
    assert len(holders) > 6
    assert set(holders) <= covered
    assert [path for path in holders if "njit" in path.read_text()] == []


def test_scipy_is_not_loaded_for_kernels_but_can_be_afterwards() -> None:
    result = subprocess.run(
        [sys.executable, "-c", SCIPY], check=True, capture_output=True, text=True
    )
    assert result.stdout.split() == ["False", "5.0", "5.0"]
