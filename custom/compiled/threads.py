"""Kernels that release the interpreter lock, run over ranges of items by a few threads.

Numba's own `parallel=True` is not used: its default threading layer must not be entered from two
Python threads at once (a parallel search does that), and it makes compilation several times longer.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from custom.errors import PodiumError

# Ranges a thread: images differ in their number of boxes, so a few small ranges balance better.
_RANGES_PER_THREAD = 4
_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}


def num_threads() -> int:
    """Return how many threads to use: `PODIUM_NUM_THREADS`, else the cores this process may use.

    Raises:
        PodiumError: If the variable is not a whole number above 0.
    """
    if (wanted := os.environ.get("PODIUM_NUM_THREADS")) is None:
        cores = os.cpu_count() or 1
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    if not wanted.isdigit() or int(wanted) < 1:
        raise PodiumError(f"PODIUM_NUM_THREADS must be a whole number above 0, but is {wanted!r}")
    return int(wanted)


def over_ranges(kernel: Callable[..., None], num_items: int, work: int, *args: object) -> None:
    """Call `kernel(start, stop, *args)` so that the ranges cover 0..num_items once.

    The kernel must write to places that depend on the item alone: then the result is the same
    whatever the number of threads.

    Args:
        kernel: Compiled with `nogil=True`.
        num_items: How many items there are to share out.
        work: About how many elementary steps there are; little work stays in this thread.
        *args: Handed on.
    """
    threads = min(num_threads(), num_items)
    # Handing a range to a thread costs some 50 microseconds, a step some 20 nanoseconds.
    if threads <= 1 or work < 10_000:
        kernel(0, num_items, *args)
        return
    num_ranges = min(num_items, threads * _RANGES_PER_THREAD)
    bounds = [num_items * k // num_ranges for k in range(num_ranges + 1)]
    pool = _pool(threads)
    tasks = [pool.submit(kernel, a, b, *args) for a, b in pairwise(bounds)]
    for task in tasks:
        task.result()


def _pool(threads: int) -> ThreadPoolExecutor:
    """Return the pool of this process; a forked child must not use its parent's."""
    key = (os.getpid(), threads)
    if key not in _pools:
        _pools[key] = ThreadPoolExecutor(threads, thread_name_prefix="podium")
    return _pools[key]
