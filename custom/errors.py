"""The one error that a user can mend, and how a command ends with it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130
# What a teammate's light installation leaves out.
_FULL_INSTALLATION = ("torch", "mmengine", "mmcv", "mmdet", "albumentations", "cv2", "wandb")


class PodiumError(ValueError):
    """Bad input: says what must be what, but is what, in which file; then the remedy.

    A worker process of torch's data loader hands an error over as the text of its traceback, out
    of which this keeps the message alone.
    """

    def __init__(self, message: str = "") -> None:
        name = type(self).__name__
        if message.startswith(f"Caught {name} in DataLoader worker"):
            message = message.rpartition(f"{name}: ")[2].rstrip()
        super().__init__(message)


def run_tool(main: Callable[[Sequence[str] | None], int | None]) -> NoReturn:
    """Run a tool's `main` and leave with its exit code; bad input is a message and code 2."""
    try:
        code = main(None)
    except (PodiumError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        code = EXIT_BAD_INPUT
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _FULL_INSTALLATION:
            raise
        print(  # noqa: T201
            f"error: this command needs {error.name}, which the light installation leaves out; "
            "install everything: make setup (docs/install.md)",
            file=sys.stderr,
        )
        code = EXIT_BAD_INPUT
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)  # noqa: T201
        code = EXIT_INTERRUPTED
    sys.exit(code or 0)
