"""How loops over boxes are compiled, and kept on disk no longer than what they were made from."""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

# Every file with a kernel, or with a constant that a kernel takes in when it is compiled.
SOURCES = (
    "compiled/*.py",
    "ensemble/kernels/*.py",
    "evaluation/*.py",
    "smoothing/*.py",
    "submission/checks/faults.py",
    "tables/flat.py",
    "tables/scan.py",
)


def stamp_of(folder: Path) -> str:
    """Return a hash of all sources of kernels below the package's folder."""
    paths = [path for pattern in SOURCES for path in sorted(folder.glob(pattern))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


_STAMP = stamp_of(Path(__file__).parents[1])


def _skip_scipy() -> None:
    """Let numba find that scipy.linalg is absent, which it would import at the first call.

    That takes three times as long as fusing a test set, and no kernel multiplies matrices. Whoever
    imports scipy afterwards gets it, and numba's own linear algebra looks for it again.
    """
    if "scipy.linalg" in sys.modules:
        return
    sys.modules["scipy.linalg"] = None  # type: ignore[assignment]
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        del sys.modules["scipy.linalg"]


_skip_scipy()


def jit(function: Callable[..., Any]) -> Any:
    """Compile a kernel at its first call.

    Without the GIL, so that threads run ranges of images side by side; kept on disk, so that only
    the first run on a machine compiles; and with division as in numpy, without a branch for zero.

    Numba takes what is on disk for good as long as the file of the kernel is unchanged, even if a
    function that it calls has changed in another file. So what is on disk is bound to all files.
    """
    kernel: Any = numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    kernel._cache._cache_file._source_stamp = _STAMP
    return kernel
