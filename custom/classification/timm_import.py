"""Timm, wherever it is needed: imported beside any torchvision, or missed with a remedy."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from custom.errors import PodiumError
from custom.training.torchvision_operators import declare_operators


def import_timm() -> Any:
    """Return the package `timm`.

    Raises:
        PodiumError: If it is not installed.
    """
    require_timm()
    declare_operators()
    import timm

    return timm


def require_timm() -> None:
    """Refuse to go on without timm, before anything is loaded or written.

    Raises:
        PodiumError: With the extra that installs it.
    """
    if find_spec("timm") is None:
        raise PodiumError(
            "backbones of classifiers come from timm, which is not installed; install the extra: "
            "pip install -e '.[classification]' -c requirements/lock.txt"
        )
