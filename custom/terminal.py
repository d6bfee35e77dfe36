"""What is printed is text: names in a teammate's file neither steer the terminal nor break it."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

# Control characters but for tab, line end and return, and those that turn the reading direction.
_STEERING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# Colours, as loggers write them.
_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")


def plain(text: str) -> str:
    """Return text with its control characters as escapes, as Python shows them."""
    return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class PlainStream:
    """A stream that writes control characters, and what its encoding lacks, as escapes.

    Attributes:
        raw: The stream behind it.
    """

    def __init__(self, raw: TextIO) -> None:
        self.raw = raw

    def write(self, text: str) -> int:
        """Write text; colours pass."""
        parts = _COLOUR.split(text)
        shown = "".join(part if i % 2 else plain(part) for i, part in enumerate(parts))
        encoding = self.raw.encoding or "utf-8"
        self.raw.write(shown.encode(encoding, "backslashreplace").decode(encoding))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)


def console() -> Console:
    """Return rich's console, which steers the terminal itself; texts go through `shown`."""
    from rich.console import Console

    return Console(file=getattr(sys.stdout, "raw", sys.stdout))


def shown(text: str) -> str:
    """Return a text as rich's markup shows it, whatever a user has named so."""
    from rich.markup import escape

    return escape(plain(text).encode("utf-8", "backslashreplace").decode())
