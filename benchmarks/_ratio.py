"""Times side by side: by the clock, and by processor time, which other work changes little."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Seconds:
    """How long something took; the smallest of several rounds, each for itself."""

    clock: float
    processor: float


def _processor() -> float:
    """Return the processor time of this process and of those that it has waited for."""
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        total += usage.ru_utime + usage.ru_stime
    return total


def measure(function: Callable[[], Any], rounds: int) -> Seconds:
    """Return the fastest of `rounds` calls. What must be warm is called before."""
    clocks, processors = [], []
    for _ in range(rounds):
        clock, processor = time.perf_counter(), _processor()
        function()
        clocks.append(time.perf_counter() - clock)
        processors.append(_processor() - processor)
    return Seconds(min(clocks), min(processors))


def heading(what: str) -> None:
    """Print the head of a table of ratios."""
    print(f"\n{what:<34}{'ours':>16}{'theirs':>18}{'ratio':>16}")
    print(f"{'':<34}{'clock / cpu s':>16}{'clock / cpu s':>18}{'clock / cpu':>16}")


def print_ratio(what: str, ours: Seconds, theirs: Seconds) -> None:
    """Print one row: both times and how many times as fast ours is."""
    times = [f"{each.clock:.3f} / {each.processor:.3f}" for each in (ours, theirs)]
    by_clock, by_cpu = theirs.clock / ours.clock, theirs.processor / ours.processor
    print(f"{what:<34}{times[0]:>16}{times[1]:>18}{f'{by_clock:.0f}x / {by_cpu:.0f}x':>16}")
