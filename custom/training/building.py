"""What a config gets wrong, told when its parts are built, without a trace."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from custom.errors import PodiumError

# What reads or builds a config raises for a value that it cannot use.
_REFUSALS = (
    TypeError, KeyError, ValueError, AttributeError, AssertionError, IndexError, RuntimeError,
    ImportError, ArithmeticError,
)  # fmt: skip


@contextmanager
def explain_refusals(config_file: str | Path) -> Iterator[None]:
    """Turn what MMEngine's builders raise within the block into a `PodiumError`.

    What is raised once the first epoch has begun passes: that is no fault of the config's.

    Args:
        config_file: For the message.
    """
    try:
        yield
    except PodiumError:
        raise
    except _REFUSALS as error:
        if _has_begun(error):
            raise
        raise PodiumError(
            f"{config_file} must be a config that can be built, but {_said(error)}; "
            "`tools/inspect_config.py` on it names each value's file and line"
        ) from error


@contextmanager
def explain_wrong_values(config_file: str | Path) -> Iterator[None]:
    """Turn what reading a config's values raises within the block into a `PodiumError`."""
    try:
        yield
    except PodiumError:
        raise
    except _REFUSALS as error:
        raise PodiumError(
            f"{config_file} must have values of the right kind, but {_said(error)}; "
            "`tools/inspect_config.py` on it names each value's file and line"
        ) from error


def _has_begun(error: BaseException) -> bool:
    """Return whether the loop that trains or predicts was running."""
    frames = traceback.extract_tb(error.__traceback__)
    return any(frame.name == "run" and "loop" in Path(frame.filename).stem for frame in frames)


def _said(error: BaseException) -> str:
    text = error.args[0] if isinstance(error, KeyError) and error.args else error
    return f"{type(error).__name__}: {text}"
