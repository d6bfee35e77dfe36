"""The one error that a user can fix, and how a command ends with it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130
# What the light core leaves out: module by module the extra of setup.py that installs it.
EXTRA_OF = {
    **dict.fromkeys(("torch", "mmengine", "mmcv", "mmdet", "albumentations", "cv2"), "detection"),
    **dict.fromkeys(("wandb", "tensorboard"), "tracking"),
    "optuna": "search",
    "ensemble_boxes": "reference",
}


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
        module = (error.name or "").partition(".")[0]
        if module not in EXTRA_OF:
            raise
        print(f"error: {_missing(module)}", file=sys.stderr)  # noqa: T201
        code = EXIT_BAD_INPUT
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)  # noqa: T201
        code = EXIT_INTERRUPTED
    sys.exit(code or 0)


def _missing(module: str) -> str:
    """Return what to do where a module of an extra is not installed."""
    extra = EXTRA_OF[module]
    # Torch and the operators built against it must be installed in order.
    remedy = f'`pip install -e ".[{extra}]" -c requirements/lock.txt` in the checkout, or '
    return (
        f"this command needs {module} of the extra '{extra}', which the light core leaves out; "
        f"install it: {'' if extra == 'detection' else remedy}`make setup`, which installs "
        "everything (docs/install.md)"
    )
