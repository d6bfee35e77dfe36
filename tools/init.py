"""Copy the shipped configs into a folder, to start a team's own where Podium is installed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from custom.errors import run_tool


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "folder", type=Path, nargs="?", default=Path("configs"), help="a new one (%(default)s)"
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Copy, and say where."""
    args = parse_args(argv)
    from custom.shipped import copy_configs

    copy_configs(args.folder)
    print(f"written to {args.folder}: a folder a competition; models and schedules in _base_/")
    return 0


if __name__ == "__main__":
    run_tool(main)
