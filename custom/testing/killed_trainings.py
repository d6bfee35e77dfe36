"""Trainings of the toy competition that are killed and resumed, each in a process of its own.

The processes are forked from a server that has imported everything, so that one starts at once.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from custom.errors import Interrupted, PodiumError
from custom.files import read_json, sha256_of

COUNTS = "events.json"
_PRELOADED = [
    "tools.train",
    "custom.gate.runs",
    "custom.training.train",
    "custom.detection",
    "torch._inductor",  # by torch.use_deterministic_algorithms
]


@dataclass(frozen=True)
class Kill:
    """When a training gets a signal.

    Attributes:
        event: "iteration" or "validation" (of a batch), "replace" or "fsync" (of a file), or
            "seconds" after its process has begun.
        number: Which of them, from 1.
        after: After the event rather than before it.
        signum: The signal.
    """

    event: str
    number: float
    after: bool = False
    signum: int = signal.SIGKILL


@dataclass
class Outcome:
    """How a training went that was killed and resumed until it was done."""

    codes: list[int] = field(default_factory=list)

    @property
    def num_kills(self) -> int:
        """How often it was killed; one that ends before its moment is not."""
        return sum(code not in (0, 2) for code in self.codes)


def run_until_done(config: Path, folder: Path, kills: Sequence[Kill] = ()) -> Outcome:
    """Train; give each signal to one process after the other, and resume as the demo does.

    Raises:
        AssertionError: If a training that gets no signal fails; with the end of its output.
    """
    outcome = Outcome()
    for kill in [*kills, None]:
        resume = (folder / "last.pth").exists() or (folder / "trained.json").exists()
        outcome.codes.append(train_once(config, folder, resume, kill))
        if (folder / "run.json").exists():
            return outcome
        if outcome.codes[-1] in (1, 2):
            break
    log = folder.with_name(f"{folder.name}.log").read_text()
    raise AssertionError(f"{folder} ended with {outcome.codes} after {list(kills)}:\n{log[-3000:]}")


def train_once(config: Path, folder: Path, resume: bool = False, kill: Kill | None = None) -> int:
    """Train in a process of its own and return its exit code, that of `tools/train.py`."""
    process = start(config, folder, resume, kill)
    if kill is not None and kill.event == "seconds":
        process.join(kill.number)
        if process.exitcode is None:
            assert process.pid is not None
            os.kill(process.pid, kill.signum)
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def train_together(
    config: Path, folder: Path, port: int, resume: bool = False, kill: Kill | None = None
) -> list[int]:
    """Train in two processes that are joined by gloo, and return their exit codes.

    Each gets the signal at that moment of its own.
    """
    joined = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    processes = [
        start(config, folder, resume, kill, {**joined, "RANK": rank, "LOCAL_RANK": rank})
        for rank in ("0", "1")
    ]
    for process in processes:
        process.join()
    return [process.exitcode for process in processes]


def start(
    config: Path,
    folder: Path,
    resume: bool = False,
    kill: Kill | None = None,
    environment: dict[str, str] | None = None,
) -> Any:
    """Start a training in a process of its own; with an environment, as one of several."""
    process = _context().Process(target=_train, args=(config, folder, resume, kill, environment))
    process.start()
    return process


def _context() -> ForkServerContext:
    os.environ["OMP_NUM_THREADS"] = "1"  # read by the server, which the first process starts
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def _train(
    config: Path, folder: Path, resume: bool, kill: Kill | None, environment: dict[str, str] | None
) -> None:
    """Do what `tools/train.py` does, with output into a file and a signal at its moment."""
    from custom.testing.killed_settings import register_dropout_neck
    from tools.train import main

    signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever started this
    gc.freeze()  # what the server has imported need not be looked through again
    register_dropout_neck()
    os.environ.update(environment or {})
    options = ["--work-dir", str(folder), *(["--resume"] if resume else [])]
    options += ["--launcher", "pytorch"] if environment else []
    log = os.open(folder.with_name(f"{folder.name}.log"), os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    started, counts = time.monotonic(), _watch_events(folder, kill)
    try:
        code = main([str(config), *options])
        counts["seconds"] = time.monotonic() - started
        folder.with_name(f"{folder.name}.{COUNTS}").write_text(json.dumps(counts))
    except PodiumError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        code = 2
    except Interrupted as error:
        print(error, file=sys.stderr)  # noqa: T201
        code = error.exit_code
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _watch_events(folder: Path, kill: Kill | None) -> dict[str, float]:
    """Count the events in this process, and let the chosen one bring the signal.

    Of files only those in the training's folder count: caches are written but once.
    """
    from mmengine.runner import ValLoop

    from custom.training.seeding import ResumableEpochLoop

    counts: dict[str, float] = {}
    events: dict[str, tuple[Any, str]] = {
        "iteration": (ResumableEpochLoop, "run_iter"),
        "validation": (ValLoop, "run_iter"),
        "replace": (os, "replace"),
        "fsync": (os, "fsync"),
    }
    for event, (owner, name) in events.items():
        chosen = kill if kill is not None and kill.event == event else None
        counted = _counted(getattr(owner, name), event, counts, chosen, folder)
        setattr(owner, name, counted)
    return counts


def _is_in(folder: Path, event: str, args: tuple[Any, ...]) -> bool:
    """Return whether an event is of a file in a folder, or of no file."""
    if event not in ("replace", "fsync"):
        return True
    path = args[1] if event == "replace" else os.readlink(f"/proc/self/fd/{args[0]}")
    return Path(path).is_relative_to(folder)


def _counted(
    function: Callable, event: str, counts: dict[str, float], kill: Kill | None, folder: Path
) -> Callable:
    process = os.getpid()

    @wraps(function)
    def counted(*args: Any, **kwargs: Any) -> Any:
        if not _is_in(folder, event, args):
            return function(*args, **kwargs)
        counts[event] = counts.get(event, 0) + 1
        chosen = kill is not None and counts[event] == kill.number and os.getpid() == process
        if kill is not None and chosen and not kill.after:
            os.kill(process, kill.signum)
        result = function(*args, **kwargs)
        if kill is not None and chosen and kill.after:
            os.kill(process, kill.signum)
        return result

    return counted


def differences(one: Path, two: Path) -> list[str]:
    """Return what differs between two finished runs: files by their bytes, `last.pth` by tensors.

    What tells the time is left out: the wall time in the record, the logs in `last.pth`.
    """
    found = [f for f in ("best.pth", "val.json") if sha256_of(one / f) != sha256_of(two / f)]
    records = [read_json(folder / "run.json") for folder in (one, two)]
    found += [key for key in ("metrics", "checkpoint_hash") if records[0][key] != records[1][key]]
    states = [trained_state(folder / "last.pth") for folder in (one, two)]
    return found + [f"last.pth: {name}" for name in different_tensors(*states)]


def trained_state(path: Path) -> dict[str, Any]:
    """Return all tensors of a checkpoint that a training goes on from, by a flat name."""
    from custom.training.weights import read_checkpoint

    checkpoint = read_checkpoint(path)
    parts = ("state_dict", "optimizer", "param_schedulers", "ema_state_dict", "best", "patience")
    return _tensors({part: checkpoint[part] for part in parts if part in checkpoint})


def _tensors(value: Any, prefix: str = "") -> dict[str, Any]:
    import torch

    if isinstance(value, torch.Tensor):
        return {prefix: value}
    if isinstance(value, int | float):
        return {prefix: torch.tensor(value, dtype=torch.float64)}
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list | tuple):
        items = enumerate(value)
    found: dict[str, Any] = {}
    for key, inner in items:
        found.update(_tensors(inner, f"{prefix}.{key}"))
    return found


def different_tensors(one: dict[str, Any], two: dict[str, Any]) -> list[str]:
    """Return the names under which two states differ in any bit, or that one of them lacks."""
    import torch

    names = [*one, *(name for name in two if name not in one)]
    return [n for n in names if n not in one or n not in two or not torch.equal(one[n], two[n])]
