"""Compiled kernels on disk are dropped when any file they were made from has changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import custom.ensemble.kernels.common as common

CALL = """
import importlib.util, sys
sys.path.insert(0, sys.argv[1])
import kernels.outer
print(kernels.outer.outer(1.0))
"""


def test_a_change_in_a_called_function_is_seen(tmp_path: Path) -> None:
    folder = tmp_path / "kernels"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    shutil.copy(common.__file__, folder / "common.py")
    head = "from kernels.common import jit\n"
    inner = "@jit\ndef inner(x):\n    return x + {}\n"
    outer = "from kernels.inner import inner\n@jit\ndef outer(x):\n    return inner(x)\n"
    (folder / "outer.py").write_text(head + outer)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    seen = []
    for added in (1, 2):
        (folder / "inner.py").write_text(head + inner.format(added))
        command = [sys.executable, "-c", CALL, str(tmp_path)]
        result = subprocess.run(
            command, check=True, capture_output=True, text=True, env=environment
        )
        seen.append(float(result.stdout))
    assert seen == [1.0 + 1, 1.0 + 2]
