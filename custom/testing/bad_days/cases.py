"""One case of the fuzz: a command, what is wrong with its inputs, and what it must not do."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from random import Random

from custom.errors import EXIT_BAD_INPUT, run_tool
from custom.files import sha256_of
from custom.splits.split import manifest_hash
from custom.testing.bad_days import arguments, damage
from custom.testing.bad_days.copies import StageCopy
from custom.testing.bad_days.oracle import silent_change, witness
from custom.testing.bad_days.stage import COMMANDS, Command, working_in

# Beside the files, made and left on purpose.
_LOCKS_AND_CACHES = ("*.lock", "*/.thumbnails/*", "cache/*")
_LEFT_OVER = re.compile(r"\..*\.(tmp|check|commit|old)(/|$)")
_LONGEST_OUTPUT = 50_000
_RAW_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Case:
    """A case is a function of these numbers.

    Attributes:
        seed: Of the campaign.
        number: In the campaign.
        command: A name in `COMMANDS`.
        kept: Which of its damages are done; None: all.
    """

    seed: int
    number: int
    command: str
    kept: tuple[int, ...] | None = None

    def damages(self) -> tuple[int, ...]:
        """Return the numbers of the damages."""
        count = Random(f"{self.seed}:{self.number}").choice((1, 1, 1, 2, 3))
        return tuple(range(count)) if self.kept is None else self.kept

    def with_only(self, kept: tuple[int, ...]) -> Case:
        """Return the case with some of its damages."""
        return replace(self, kept=kept)


@dataclass(frozen=True)
class Finding:
    """Something that a command must not do.

    Attributes:
        kind: What it is, and where: equal for cases of one cause.
        detail: What a person needs to see.
        argv: The command line.
        damages: What was wrong with the inputs.
    """

    kind: str
    detail: str
    argv: tuple[str, ...]
    damages: tuple[str, ...]


def case_of(seed: int, number: int, names: tuple[str, ...]) -> Case:
    """Return a case of a campaign over some of the commands."""
    return Case(seed, number, Random(f"{number}:{seed}").choice(names))


def run_case(case: Case, copy: StageCopy) -> list[Finding]:
    """Run a case in a copy of the stage, put that back, and return what is wrong."""
    command = COMMANDS[case.command]
    try:
        argv, damages = _prepare(case, command, copy.place)
        before, output = copy.digests(), _Output()
        with working_in(copy.place), witness() as seen:
            failure = _run(command, argv, output)
            text = output.text()
            silent = [silent_change(path, seen, text) for path in command.counts]
        problems = [
            *_of_ending(failure, command, text),
            *_of_files(before, copy.digests(), failure, replace(command, argv=argv)),
        ]
        if failure in (0, 1, 3):
            problems += [("silent change", each) for each in silent if each]
    finally:
        copy.put_back()
    return [Finding(f"{command.tool}: {k}", d, argv, damages) for k, d in problems]


class _Output:
    """Standard output and error as a process has them: strict UTF-8, and with escapes."""

    def __init__(self) -> None:
        self._bytes = io.BytesIO(), io.BytesIO()
        self.out = io.TextIOWrapper(self._bytes[0], "utf-8", "strict")
        self.err = io.TextIOWrapper(self._bytes[1], "utf-8", "backslashreplace")

    def text(self) -> str:
        self.out.flush()
        self.err.flush()
        return b"".join(each.getvalue() for each in self._bytes).decode("utf-8", "replace")


def _run(command: Command, argv: tuple[str, ...], output: _Output) -> int | BaseException:
    """Run a command as a process of its own would; return its exit code, or what escaped it."""
    with contextlib.redirect_stdout(output.out), contextlib.redirect_stderr(output.err):
        try:
            run_tool(lambda _: command.main()(argv))
        except SystemExit as ending:
            return ending.code if isinstance(ending.code, int) else int(bool(ending.code))
        except BaseException as error:
            return error


def _of_ending(
    failure: int | BaseException, command: Command, output: str
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with how a command ended, and with what it said."""
    if isinstance(failure, BaseException):
        frames = traceback.extract_tb(failure.__traceback__)
        ours = [f for f in frames if _is_ours(f.filename)]
        where = f"{Path(ours[-1].filename).name}:{ours[-1].name}" if ours else "?"
        shown = "".join(traceback.format_exception(failure)[-6:])
        yield f"traceback {type(failure).__name__} in {where}", shown
        return
    if failure not in (*command.codes, EXIT_BAD_INPUT):
        yield f"exit code {failure}", output[-500:]
    if len(output) > _LONGEST_OUTPUT:
        yield "too long a message", f"{len(output)} characters: {output[:300]}"
    if not output.strip():
        yield "no message", ""
    said = "" if output.startswith("usage:") else output  # argparse repeats what one has typed
    if found := _RAW_CONTROL.search(said):
        yield "control characters in the output", repr(output[max(0, found.start() - 200) :][:400])


def _is_ours(file: str) -> bool:
    """Whether a frame is of the library, and not of what runs the case."""
    return "/custom/" in file and "bad_days" not in file and not file.endswith("errors.py")


def _of_files(
    before: dict[str, str], after: dict[str, str], failure: int | BaseException, command: Command
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the files that a command leaves."""
    may_change = () if failure == EXIT_BAD_INPUT else command.changes
    for path, digest in before.items():
        changed = "removed" if path not in after else "changed"
        allowed = any(fnmatch(path, f"a/b/{pattern}") for pattern in may_change)
        if after.get(path) != digest and not allowed:
            yield f"{changed} what was there", path
    new = [p for p in after.keys() - before.keys() if not _is_aside(p)]
    for path in new:
        if _LEFT_OVER.search(path):
            yield "left a temporary file", path
        elif not path.startswith("a/b/") and not _leads_outside(command.argv):
            yield "wrote outside of its folder", path
        elif failure == EXIT_BAD_INPUT:
            yield "wrote although it refused", path


def _leads_outside(argv: tuple[str, ...]) -> bool:
    """Whether a path that was given as one, and no name, leads out of the working directory."""
    before = ("", *argv)
    pairs = zip(before, argv, strict=False)
    return any(word.startswith("..") and option != "--name" for option, word in pairs)


def _is_aside(path: str) -> bool:
    return any(fnmatch(path, pattern) for pattern in _LOCKS_AND_CACHES)


def _prepare(case: Case, command: Command, place: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Do the damages in a copy of the stage; return the command line and what was done."""
    argv, done = command.argv, []
    for number in case.damages():
        rng = Random(f"{case.seed}:{case.number}:{number}")
        kind = rng.random()
        there = [path for path in command.reads if (place / path).is_file()]
        named = [path for path in there if path in argv]
        if kind < 0.7 and there:
            done.append(_damage_file(place, rng.choice(there), rng))
        elif kind < 0.78 and there:
            done.append(_damage_path(place, rng.choice(there), rng))
        elif kind < 0.85 and named:
            argv, what = _rename(place, argv, rng.choice(named), rng)
            done.append(what)
        else:
            argv = arguments.change(argv, options_of(command), rng)
            done.append(f"arguments: {' '.join(map(repr, argv))}")
    return argv, tuple(done)


def _damage_file(place: Path, path: str, rng: Random) -> str:
    content, what = damage.damage((place / path).read_bytes(), path, rng)
    before = sha256_of(place / path)
    (place / path).write_bytes(content)
    if rng.random() < 0.6:  # else all that is damaged is refused by its hash
        _record_hash(place, before, sha256_of(place / path))
        what += ", and recorded so"
    return f"{path}: {what}"


def _record_hash(place: Path, before: str, after: str) -> None:
    """Write the hash of a file that was changed into the records that hold it."""
    records = (*place.glob("runs/*/run.json"), *place.glob("submissions/*.json"))
    for path in (place / "data/splits/toy/manifest.json", *records) if after != before else ():
        if not path.is_file() or before not in (text := path.read_text("utf-8", "ignore")):
            continue
        path.write_text(text.replace(before, after), "utf-8")
        if path.name == "manifest.json":
            with contextlib.suppress(ValueError, KeyError, TypeError):  # damaged before
                manifest = json.loads(path.read_text("utf-8"))
                sealed, manifest["hash"] = manifest["hash"], manifest_hash(manifest)
                path.write_text(json.dumps(manifest), "utf-8")
                _record_hash(place, sealed, manifest["hash"])


def _damage_path(place: Path, path: str, rng: Random) -> str:
    """Put something else in a file's place."""
    kind = rng.choice(("missing", "folder", "loop", "another"))
    target = place / path
    content = target.read_bytes()
    target.unlink()
    if kind == "folder":
        target.mkdir()
    elif kind == "loop":
        target.symlink_to(target.name)
    elif kind == "another":
        other = rng.choice(("data/train.json", "mate.csv", "runs/a/run.json", "notes.txt"))
        target.write_bytes((place / other).read_bytes() if (place / other).is_file() else content)
        kind = f"is {other}"
    return f"{path}: {kind}"


def _rename(
    place: Path, argv: tuple[str, ...], path: str, rng: Random
) -> tuple[tuple[str, ...], str]:
    name = damage.renamed(path, rng)
    with contextlib.suppress(OSError, ValueError):
        (place / path).rename(place / name)
        return tuple(name if word == path else word for word in argv), f"{path} is {name!r}"
    return argv, f"{path}: cannot be {name[:30]!r}"


@cache
def options_of(command: Command) -> tuple[str, ...]:
    """Return the options that a command's help shows."""
    output = _Output()
    verb = command.argv[:1] if command.tool in ("labels", "leaderboard") else ()
    _run(command, (*verb, "--help"), output)
    return tuple(sorted(set(re.findall(r"--[a-z][a-z-]+", output.text())))) or ("--help",)


def described(finding: Finding, case: Case) -> str:
    """Return a finding with how to see it again."""
    words = json.dumps([*finding.argv], ensure_ascii=True)
    kept = "" if case.kept is None else f" --kept {' '.join(map(str, case.kept))}"
    return (
        f"{finding.kind}\n  {finding.detail.strip()[-1500:]}\n  arguments {words}\n"
        + "".join(f"  damage: {each}\n" for each in finding.damages)
        + f"  again: {Path(sys.executable).name} -m benchmarks.fuzz --seed {case.seed} "
        f"--case {case.number}{kept} --command {case.command}"
    )
