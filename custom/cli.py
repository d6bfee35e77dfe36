"""The `podium` command: `podium train ...` does what `python tools/train.py ...` does."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

from custom import __version__
from custom.errors import EXIT_BAD_INPUT
from custom.shipped import tools

# In the order of the work; a command that is not listed is shown last.
TASKS = {
    "start": ("doctor", "demo", "init", "new", "make-sample"),
    "data": ("split", "labels", "pseudo-label"),
    "train": ("browse", "inspect-config", "train", "test", "soup", "import-run"),
    "decide": ("score", "runs", "gate", "ablate", "thresholds", "smooth", "rescore", "review"),
    "submit": ("ensemble", "submit", "leaderboard"),
}
USAGE = """usage: podium COMMAND [ARGUMENT ...]
       podium help [COMMAND]
       podium --version

From a COCO data set to a submission that a detection team can believe in.
"""
COMPLETION = """
For completion in bash: eval "$(podium completion)"
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command, or show what there is; return the exit code.

    A command leaves the process by itself, with its own exit code.
    """
    name, *rest = (sys.argv[1:] if argv is None else argv) or ["help"]
    commands = tools()
    if name in ("help", "-h", "--help"):
        if not rest:
            print(overview(commands), end="")  # noqa: T201
            return 0
        name, rest = rest[0], ["--help"]
    if name in ("--version", "-V"):
        print(f"podium {__version__}")  # noqa: T201
        return 0
    if name == "completion":
        print(f'complete -o default -W "{" ".join(commands)} help" podium')  # noqa: T201
        return 0
    path = commands.get(name.replace("_", "-"))
    if path is None:
        print(f"error: {_unknown(name, list(commands))}", file=sys.stderr)  # noqa: T201
        return EXIT_BAD_INPUT
    run(path, f"podium {name}", rest)
    return 0


def run(path: Path, shown_as: str, arguments: Sequence[str]) -> None:
    """Run a file of `tools/` as Python runs a script, under another name in its help."""
    module = ModuleType("__main__")
    module.__file__ = str(path)
    sys.modules["__main__"] = module
    sys.argv = [shown_as, *arguments]
    exec(compile(path.read_bytes(), path, "exec"), module.__dict__)


def overview(commands: dict[str, Path]) -> str:
    """Return the help: every command with the first line of its file, by task."""
    listed = {name for names in TASKS.values() for name in names}
    tasks = {**TASKS, "more": tuple(name for name in commands if name not in listed)}
    width = max(map(len, commands))
    lines = [USAGE]
    for task, names in tasks.items():
        there = [name for name in names if name in commands]
        if there:
            lines += [f"{task}:", *(f"  {n:{width}}  {summary(commands[n])}" for n in there), ""]
    return "\n".join(lines) + COMPLETION


def summary(path: Path) -> str:
    """Return the first line of a file's docstring, without running it."""
    text = ast.get_docstring(ast.parse(path.read_bytes())) or ""
    return text.partition("\n")[0]


def _unknown(name: str, commands: list[str]) -> str:
    close = get_close_matches(name, commands, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"there is no command {name!r}; {hint}`podium help` lists all"


if __name__ == "__main__":
    sys.exit(main())
