"""The result of one check: what was checked, whether it is as it must be, and the remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# Installs again what does not fit, whatever the stamp of the last set-up says.
SET_UP = "python3 tools/setup_env.py --force"


@dataclass(frozen=True)
class Check:
    """The result of one check.

    Attributes:
        subject: What was checked.
        text: What must be what, but is what; or, where all is well, what is.
        remedy: How to fix it; empty where all is well.
    """

    subject: str
    text: str
    remedy: str = ""

    @property
    def ok(self) -> bool:
        """Whether there is nothing to fix."""
        return not self.remedy


def report(results: Iterable[Check]) -> str:
    """Return the results as lines to print, each failed check followed by its remedy."""
    lines = []
    for result in results:
        lines.append(f"{'ok  ' if result.ok else 'FAIL'}  {result.subject}: {result.text}")
        if not result.ok:
            lines.append(f"      -> {result.remedy}")
    return "\n".join(lines)
