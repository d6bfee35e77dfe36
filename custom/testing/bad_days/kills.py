"""Commands killed before each rename, fsync, removal and new folder: old or new, never half.

A process is forked for each attempt; it kills itself before the n-th of these calls on a file of
the stage. Then the same command runs to its end.
"""

from __future__ import annotations

import io
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import wraps
from pathlib import Path
from typing import Any

from custom.errors import EXIT_BAD_INPUT, run_tool
from custom.file_sets import complete
from custom.files import STALE_AFTER_S, _looked_into
from custom.testing.bad_days.copies import StageCopy
from custom.testing.bad_days.stage import COMMANDS, Command, working_in

CALLS = ("replace", "rename", "fsync", "unlink", "remove", "rmdir", "mkdir")
# Files of a command that are of one state, once what was committed is completed.
TOGETHER: dict[str, tuple[str, ...]] = {
    "ensemble": ("submissions/x.*",),
    "ensemble-again": ("submissions/both.*",),
    "submit-again": ("submissions/both.csv", "submissions/both.meta.json"),
    "split": ("data/data/splits/new/*",),
    "import-run": ("runs/new/*", "runs/new.json"),
    "import-again": ("runs/imported/*", "runs/imported.json"),
    "labels-repair-out": ("new.*",),
    "review": ("reports/review/*",),
    "review-again": ("reports/older/*",),
    "init": ("my/configs/*",),
}
_MOMENT = re.compile(rb"\d{4}-\d\d-\d\d[T ][\d:.+Z]+")
_Contents = dict[str, bytes]


@dataclass(frozen=True)
class Whole:
    """A command that was not killed.

    Attributes:
        code: Its exit code.
        num_calls: How many of `CALLS` it made on the stage's files.
        before: The files before it, by path.
        after: The files after it.
    """

    code: int
    num_calls: int
    before: _Contents
    after: _Contents


def run_whole(name: str, copy: StageCopy) -> Whole:
    """Run a command to its end in a copy of the stage, which is put back."""
    before = _contents(copy.place)
    code, num_calls = _run(COMMANDS[name], copy, None)
    after = _contents(copy.place)
    copy.put_back()
    return Whole(code, num_calls, before, after)


def kill_and_go_on(name: str, number: int, whole: Whole, copy: StageCopy) -> list[str]:
    """Kill a command before a call, run it again, and return what is wrong.

    Args:
        name: Of the command.
        number: Of the call, from 1.
        whole: What the command does when it is not killed.
        copy: Where it runs; put back at the end.
    """
    command = COMMANDS[name]
    try:
        code, _ = _run(command, copy, number)
        if code != -signal.SIGKILL:
            return [f"it was not killed, but ended with {code}"]
        wrong = list(_half(whole, _contents(copy.place)))
        _complete_all(copy.place)
        now = _contents(copy.place)
        wrong += _torn_groups(name, whole, now)
        _let_a_day_pass(copy.place)
        code, _ = _run(command, copy, None)
        if code != whole.code and not (code == EXIT_BAD_INPUT and _same(now, whole.after)):
            wrong.append(f"the next run ended with {code}, not {whole.code}")
        last = _contents(copy.place)
        wrong += [f"after the next run {path} is another" for path in _differing(last, whole.after)]
        wrong += [f"{path} is left" for path in _hidden(copy.place)]
        return wrong
    finally:
        copy.put_back()


def _run(command: Command, copy: StageCopy, kill_before: int | None) -> tuple[int, int]:
    """Run a command in a fork; return its exit code, negative for a signal, and its calls."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.close(reading)
        with working_in(copy.place), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            _looked_into.clear()  # as in a process of its own
            count = _watch(copy.root, kill_before)
            try:
                run_tool(lambda _: command.main()(command.argv))
            except SystemExit as ending:
                code = ending.code if isinstance(ending.code, int) else 1
            except BaseException:  # told by the code
                code = 1
            os.write(writing, str(count[0]).encode())
            os._exit(code)
    os.close(writing)
    with open(reading, "rb") as stream:
        said = stream.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), int(said or 0)


def _watch(root: Path, kill_before: int | None) -> list[int]:
    """Count the calls of this process on files below a folder, and let one kill it."""
    count, process = [0], os.getpid()

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(real)
        def call(*args: Any, **kwargs: Any) -> Any:
            if os.getpid() == process and _is_below(root, real.__name__, args, kwargs):
                count[0] += 1
                if count[0] == kill_before:
                    os.kill(process, signal.SIGKILL)
            return real(*args, **kwargs)

        return call

    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))
    return count


def _is_below(root: Path, call: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a call is of a file below a folder; a path may start at an open folder."""
    if isinstance(args[0], int):
        path = os.readlink(f"/proc/self/fd/{args[0]}")
    else:
        start = kwargs.get("dir_fd")
        folder = os.getcwd() if start is None else os.readlink(f"/proc/self/fd/{start}")
        path = os.path.join(folder, os.fspath(args[call in ("replace", "rename")]))
    return path.startswith(f"{root}{os.sep}")


def _contents(place: Path) -> _Contents:
    """Return every file's content without moments in time; hidden ones are left out."""
    found = {}
    for path in sorted(place.rglob("*")):
        inner = path.relative_to(place)
        hidden = any(part.startswith(".") for part in inner.parts)
        if path.is_file() and not hidden and path.suffix != ".trials":  # to which a search appends
            found[inner.as_posix()] = _MOMENT.sub(b"", path.read_bytes())
    return found


def _half(whole: Whole, now: _Contents) -> Iterator[str]:
    """Yield what is neither as before nor as after the command."""
    for path in sorted({*whole.before, *whole.after, *now}):
        found = now.get(path)
        if found not in (whole.before.get(path), whole.after.get(path)):
            yield f"{path} is half-written" if found is not None else f"{path} is gone"


def _torn_groups(name: str, whole: Whole, now: _Contents) -> Iterator[str]:
    """Yield a group of which some files are as before and some as after."""
    changed = _differing(whole.before, whole.after)
    patterns = TOGETHER.get(name, ())
    group = [path for path in changed if any(fnmatch(path, pattern) for pattern in patterns)]
    new = [path for path in group if now.get(path) == whole.after.get(path)]
    if 0 < len(new) < len(group):
        yield f"{len(new)} of {len(group)} files that go together are new, as {new[0]}"


def _differing(one: _Contents, other: _Contents) -> list[str]:
    return sorted(path for path in {*one, *other} if one.get(path) != other.get(path))


def _same(one: _Contents, other: _Contents) -> bool:
    return not _differing(one, other)


def _complete_all(place: Path) -> None:
    for hidden in list(place.rglob(".*.commit")):
        complete(hidden.parent)


def _hidden(place: Path) -> list[str]:
    """Return what killed writes have left."""
    names = (".*.tmp", ".*.commit", ".*.old", ".*.check")
    return [path.relative_to(place).as_posix() for name in names for path in place.rglob(name)]


def _let_a_day_pass(place: Path) -> None:
    """Make what killed writes have left as old as what a next write removes."""
    then = time.time() - 2 * STALE_AFTER_S
    for name in _hidden(place):
        os.utime(place / name, (then, then))


def kill_everywhere(
    name: str, copy: StageCopy, step: int = 1, start: int = 1
) -> tuple[int, list[str]]:
    """Kill a command before every `step`-th of its calls; return how often, and what is wrong."""
    whole = run_whole(name, copy)
    wrong, kills = [], 0
    for number in range(start, whole.num_calls + 1, step):
        kills += 1
        found = kill_and_go_on(name, number, whole, copy)
        wrong += [f"{name}, before call {number} of {whole.num_calls}: {each}" for each in found]
    return kills, wrong
