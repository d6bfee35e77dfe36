"""A finding: one thing that was checked, whether it is as it must be, and the remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# Installs again what does not fit, whatever the stamp of the last set-up says.
SET_UP = "python3 tools/setup_env.py --force"


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        subject: What was checked.
        text: What must be what, but is what; or, where all is well, what is.
        remedy: What mends it; empty where all is well.
    """

    subject: str
    text: str
    remedy: str = ""

    @property
    def ok(self) -> bool:
        """Whether there is nothing to mend."""
        return not self.remedy


def report(findings: Iterable[Finding]) -> str:
    """Return the findings as lines to print, each fault followed by its remedy."""
    lines = []
    for finding in findings:
        lines.append(f"{'ok   ' if finding.ok else 'FAULT'}  {finding.subject}: {finding.text}")
        if not finding.ok:
            lines.append(f"       -> {finding.remedy}")
    return "\n".join(lines)
