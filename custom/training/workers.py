"""The worker processes that load images, ended when a runner is done with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.runner import Runner


@contextmanager
def ended_workers(runner: Runner) -> Iterator[Runner]:
    """Yield a runner, and end the workers of its data loaders afterwards.

    A runner is part of cycles. Its workers, left to the garbage collector, are never told to end,
    because their queues are closed first; each is then waited for five seconds and killed.
    """
    try:
        yield runner
    finally:
        for loop in (runner._train_loop, runner._val_loop, runner._test_loop):
            loader = getattr(loop, "dataloader", None)
            # Without persistent workers there is none outside of an epoch.
            if (iterator := getattr(loader, "_iterator", None)) is not None:
                iterator._shutdown_workers()
