"""Check the installation: say how to fix each problem, and end with exit code 2 if there is one.

Example:
    python tools/doctor.py           # everything
    python tools/doctor.py --core    # a teammate's light installation, without torch
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

# An installation so broken that `custom` is not found is what this command is for.
if find_spec("custom") is None:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from custom.doctor import examine, report
from custom.errors import EXIT_BAD_INPUT, run_tool


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--core", action="store_true", help="check the light core only: no torch, no training"
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int | None:
    """Print the results; return 2 if a check failed."""
    args = parse_args(argv)
    results = examine(Path.cwd(), core=args.core)
    print(report(results))
    return None if all(result.ok for result in results) else EXIT_BAD_INPUT


if __name__ == "__main__":
    run_tool(main)
