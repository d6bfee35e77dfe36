"""The one error that a user can mend, and how a command ends with it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


class PodiumError(ValueError):
    """Bad input: says what must be what, but is what, in which file; then the remedy."""


def run_tool(main: Callable[[Sequence[str] | None], int | None]) -> NoReturn:
    """Run a tool's `main` and leave with its exit code; bad input is a message and code 2."""
    try:
        code = main(None)
    except (PodiumError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        code = EXIT_BAD_INPUT
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)  # noqa: T201
        code = EXIT_INTERRUPTED
    sys.exit(code or 0)
