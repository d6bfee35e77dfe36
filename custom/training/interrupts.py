"""Ctrl-C and SIGTERM while a training runs: it ends where it can go on from, with a message."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from custom.errors import Interrupted

_WATCHED = (signal.SIGINT, signal.SIGTERM)
_NOTED = b"\nstopping at the end of this iteration; once more stops at once\n"


@dataclass
class _State:
    """What the handler knows; one training runs in a process at a time."""

    process: int = 0
    signum: int | None = None
    deferred: bool = False


_state = _State()


def noted_signal() -> int | None:
    """Return the signal that asks this training to end, or None."""
    return _state.signum


def defer_signals(defer: bool) -> None:
    """Say whether a first signal is noted, for the end of the iteration, or raised at once."""
    _state.deferred = defer


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn SIGINT and SIGTERM within the block into `Interrupted`, whatever a library makes of it.

    Some of MMEngine's code catches everything: Ctrl-C while it formats a config becomes a
    SyntaxError with the whole config in it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread can have handlers
        return
    _state.process, _state.signum, _state.deferred = os.getpid(), None, False
    # A script's background jobs are to ignore Ctrl-C.
    heard = [signum for signum in _WATCHED if signal.getsignal(signum) != signal.SIG_IGN]
    before = {signum: signal.signal(signum, _handle) for signum in heard}
    try:
        yield
    except BaseException as error:
        if _state.signum is None or isinstance(error, Interrupted):
            raise
        raise Interrupted(_state.signum) from error
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
        _state.signum, _state.deferred = None, False


def _handle(signum: int, frame: FrameType | None) -> Any:
    if os.getpid() != _state.process:
        _handle_in_worker(signum)
        return
    first, _state.signum = _state.signum is None, signum
    if first and _state.deferred:
        os.write(2, _NOTED)  # print() may be what was interrupted
        return
    raise Interrupted(signum)


def _handle_in_worker(signum: int) -> None:
    """A forked worker inherits the handler: the terminal's Ctrl-C reaches it too.

    It goes on, since the training needs its images to finish the iteration; the end of the
    training ends it.
    """
    if signum != signal.SIGINT:
        signal.signal(signum, signal.SIG_DFL)
        os.kill(os.getpid(), signum)
