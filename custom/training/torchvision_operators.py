"""Torchvision beside a torch that its binary operators were not built for.

PyPI's torchvision does not load beside a CPU build of torch: its import ends at `operator
torchvision::nms does not exist`, and takes every library that imports it with it. What classifiers
and their backbones need of torchvision is Python alone.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

# The operators that torchvision's import looks for, as its sources declare them.
_SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}


@cache
def declare_operators() -> tuple[Any, ...]:
    """Declare the schemas of torchvision's operators where its own library cannot be loaded.

    To be called before whatever imports torchvision. An operator that is only declared says so
    when it is called.

    Returns:
        The declarations, which last as long as they are kept; none where nothing was to be done.
    """
    _load_own()
    absent = [name for name in _SCHEMAS if not hasattr(torch.ops.torchvision, name)]
    if not absent:
        return ()
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in absent:
        library.define(_SCHEMAS[name])
    return (library,)


def _load_own() -> None:
    """Load the operators that torchvision brings, where they fit this torch."""
    spec = find_spec("torchvision")
    for folder in (spec and spec.submodule_search_locations) or ():
        for file in sorted(Path(folder).glob("_C*.so")) + sorted(Path(folder).glob("_C*.pyd")):
            try:
                torch.ops.load_library(str(file))
            except (OSError, RuntimeError):  # built for another torch, or for CUDA
                continue
