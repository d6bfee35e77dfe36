"""Trying something in a Python of its own: a mismatched build may kill the one that loads it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import Callable  # noqa: UP035  (an old Python fails a check, without a traceback)

# Compiling the kernels takes half a minute of processor time, and a busy machine shares it.
_TIMEOUT_S = 600


@dataclass(frozen=True)
class Outcome:
    """How a probe ended.

    Attributes:
        ok: Whether it ended with exit code 0.
        text: What it printed if so, or else the last line of its error.
    """

    ok: bool
    text: str


Probe = Callable[[str], Outcome]


def probe(code: str) -> Outcome:
    """Run `code` in a fresh interpreter."""
    try:
        process = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return Outcome(False, f"no answer within {_TIMEOUT_S} s")
    if process.returncode == 0:
        return Outcome(True, process.stdout.strip())
    if process.returncode < 0:
        return Outcome(False, f"the interpreter was killed by signal {-process.returncode}")
    lines = process.stderr.strip().splitlines()
    return Outcome(False, lines[-1] if lines else f"exit code {process.returncode}")
