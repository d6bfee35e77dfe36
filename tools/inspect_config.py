"""Show a config with the file that set each value, and warnings about it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from custom.errors import run_tool


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="a config file")
    parser.add_argument(
        "--issues", "--findings", action="store_true", help="only warnings and notes, no values"
    )
    parser.add_argument("--strict", action="store_true", help="exit with 1 if there is a warning")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Print values with their files, then warnings and notes."""
    args = parse_args(argv)
    from custom.training.inspection import inspect_config, resolved

    issues = inspect_config(args.config)
    if not args.issues:
        for value in resolved(args.config):
            print(value)
    for issue in issues:
        print(issue)
    warnings = sum(issue.level == "warning" for issue in issues)
    print(f"{warnings} warnings, {len(issues) - warnings} notes")
    return 1 if args.strict and warnings else 0


if __name__ == "__main__":
    run_tool(main)
