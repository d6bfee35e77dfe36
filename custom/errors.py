"""The one error that a user can fix, and how a command ends with it or with a signal."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import NoReturn

from custom.terminal import PlainStream, plain

EXIT_BAD_INPUT = 2
# What the light core leaves out: module by module the extra of setup.py that installs it.
EXTRA_OF = {
    **dict.fromkeys(("torch", "mmengine", "mmcv", "mmdet", "albumentations", "cv2"), "detection"),
    **dict.fromkeys(("wandb", "tensorboard"), "tracking"),
    "optuna": "search",
    **dict.fromkeys(("timm", "safetensors"), "classification"),
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


class Interrupted(KeyboardInterrupt):
    """A signal has ended a command; the text says how to go on.

    Attributes:
        signum: The signal.
    """

    def __init__(self, signum: int, message: str = "interrupted") -> None:
        super().__init__(message)
        self.signum = signum

    @property
    def exit_code(self) -> int:
        """What a shell shows for a command that a signal ended: 130 for Ctrl-C."""
        return 128 + self.signum


def run_tool(
    main: Callable[[Sequence[str] | None], int | None], leaves_at_once: bool = False
) -> NoReturn:
    """Run a tool's `main` and leave with its exit code.

    Bad input and too little memory are a message and code 2, Ctrl-C is a message and code 130.

    Args:
        main: The tool's.
        leaves_at_once: Whether nothing but its output is left to do when it returns: no process or
            thread of its own to wait for, nothing registered for the end.
    """
    pressed: list[int] = []

    def interrupt(signum: int, frame: FrameType | None) -> NoReturn:
        pressed.append(signum)
        raise Interrupted(signum)

    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:  # as a script's background jobs have it
        signal.signal(signal.SIGINT, interrupt)
    sys.stdout = PlainStream(sys.stdout)
    try:
        code = main(None)
    except BaseException as error:
        # A library may catch the interrupt and raise something of its own, a long trace for Ctrl-C.
        if pressed and not isinstance(error, KeyboardInterrupt):
            error = Interrupted(pressed[0])
        if (ending := _ending(error)) is None:
            raise
        message, code = ending
        print(plain(message), file=sys.stderr)  # noqa: T201
    if leaves_at_once:
        _leave(code or 0)
    sys.exit(code or 0)


def _leave(code: int) -> NoReturn:
    """End the process without taking apart what is in its memory: of numba, 0.1 s."""
    if "logging" in sys.modules:  # which takes a while to import where nothing has
        sys.modules["logging"].shutdown()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # a closed pipe, of which Python tells at its usual end
        sys.exit(code)
    os._exit(code)


def _ending(error: BaseException) -> tuple[str, int] | None:
    """Return the message and the exit code of an error, or None where it is a bug."""
    if isinstance(error, Interrupted):
        return str(error), error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", 128 + signal.SIGINT
    if isinstance(error, PodiumError | OSError):
        return f"error: {error}", EXIT_BAD_INPUT
    if _is_out_of_memory(error):
        said = next(iter(str(error).splitlines()), type(error).__name__)
        return (
            f"error: the memory (RAM) is too small: {said}; lower num_workers or batch_size, or "
            "close other programs",
            EXIT_BAD_INPUT,
        )
    if isinstance(error, ModuleNotFoundError):
        module = (error.name or "").partition(".")[0]
        return (f"error: {_missing(module)}", EXIT_BAD_INPUT) if module in EXTRA_OF else None
    return None


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


def _is_out_of_memory(error: BaseException) -> bool:
    """Return whether the machine had no memory left; torch raises a RuntimeError of its own."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)
    )
