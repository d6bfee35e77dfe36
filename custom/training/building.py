"""What a config gets wrong, told when its parts are built, without a trace."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from custom.errors import PodiumError

# What a class raises for an argument that it does not have, lacks, or cannot use.
_REFUSALS = (TypeError, KeyError, ValueError, AttributeError, AssertionError)


@contextmanager
def explain_refusals(config_file: str | Path) -> Iterator[None]:
    """Turn what MMEngine's builders raise within the block into a `PodiumError`.

    What is raised later, while training, passes: that is no fault of the config's.

    Args:
        config_file: For the message.
    """
    try:
        yield
    except PodiumError:
        raise
    except _REFUSALS as error:
        frames = traceback.extract_tb(error.__traceback__)
        if not any(frame.name.startswith("build_") for frame in frames):
            raise
        text = error.args[0] if isinstance(error, KeyError) and error.args else error
        raise PodiumError(
            f"{config_file} must be a config that can be built, but {type(error).__name__}: {text}"
            "; `tools/inspect_config.py` on it names each value's file and line"
        ) from error
