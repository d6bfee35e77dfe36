"""Many cases of the fuzz, in a process that is replaced when it hangs or dies."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from custom.testing.bad_days.cases import Case, Finding, case_of, described, run_case
from custom.testing.bad_days.copies import StageCopy
from custom.testing.bad_days.stage import make_stage

_HANG_S = 60.0


@dataclass
class Worker:
    """A process that runs cases, one after the other.

    Attributes:
        stage: What `make_stage` wrote.
        folder: Where it copies that to.
        limit_s: How long a case may take.
    """

    stage: Path
    folder: Path
    limit_s: float = _HANG_S
    _process: Any = None
    _pipe: Connection | None = None

    def run(self, case: Case) -> list[Finding]:
        """Run a case; a hang and a death are findings too."""
        pipe = self._started()
        try:
            pipe.send(case)
            if pipe.poll(self.limit_s):
                found: list[Finding] = pipe.recv()
                return found
            what = f"no end after {self.limit_s:g} s"
        except (EOFError, OSError):
            self._process.join(5)
            what = f"the process died with {self._process.exitcode}"
        self.stop()
        return [Finding(f"{case.command}: {what}", "", (), ())]

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._process = self._pipe = None

    def _started(self) -> Connection:
        if self._pipe is None or not self._process.is_alive():
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            os.environ["XDG_CACHE_HOME"] = str(self.folder / "cache")
            self._process = context.Process(target=_serve, args=(theirs, self.stage, self.folder))
            self._process.start()
            theirs.close()
        return self._pipe


def _serve(pipe: Connection, stage: Path, folder: Path) -> None:
    copy = StageCopy(stage, folder / "case")
    while True:
        pipe.send(run_case(pipe.recv(), copy))


@dataclass
class Campaign:
    """What came of the cases so far.

    Attributes:
        num_cases: How many were run.
        counts: Findings by kind.
        reports: The first finding of each kind, with the fewest damages that give it.
    """

    num_cases: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    reports: dict[str, str] = field(default_factory=dict)


def fuzz(
    seed: int,
    names: Sequence[str],
    seconds: float,
    show: Callable[[str], None] = lambda text: None,
    first: int = 0,
) -> Campaign:
    """Run cases of a seed until the time is over.

    Args:
        seed: Case 7 of seed 3 is always the same.
        names: The commands.
        seconds: How long.
        show: Takes each new kind of finding as text.
        first: The number of the first case.
    """
    campaign, started = Campaign(), time.monotonic()
    with fuzz_worker() as worker:
        for number in count(first):
            if time.monotonic() - started > seconds:
                return campaign
            case = case_of(seed, number, tuple(names))
            for finding in worker.run(case):
                campaign.counts[finding.kind] += 1
                if finding.kind not in campaign.reports:
                    smaller = smallest(case, finding.kind, worker)
                    campaign.reports[finding.kind] = described(*smaller)
                    show(campaign.reports[finding.kind])
            campaign.num_cases += 1
    return campaign


def smallest(case: Case, kind: str, worker: Worker) -> tuple[Finding, Case]:
    """Return the case with the fewest of its damages that still gives a kind of finding."""
    best: tuple[Finding, Case] = (Finding(kind, "not again", (), ()), case)
    for kept in (*((n,) for n in case.damages()), case.damages()):
        for finding in worker.run(case.with_only(kept)):
            if finding.kind == kind:
                return finding, case.with_only(kept)
    return best


@contextmanager
def fuzz_worker(limit_s: float = _HANG_S) -> Iterator[Worker]:
    """Yield a worker on a stage of its own."""
    with tempfile.TemporaryDirectory(prefix="podium-fuzz-") as folder:
        worker = Worker(make_stage(Path(folder) / "stage"), Path(folder), limit_s)
        try:
            yield worker
        finally:
            worker.stop()
