"""Say whether runs are better than their baseline: accept (0), reject (1) or inconclusive (3)."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from custom.errors import run_tool


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("new", nargs="+", help="runs of one change: its seeds and folds")
    parser.add_argument("--baseline", nargs="+", required=True, help="runs to compare with")
    parser.add_argument(
        "--comparisons", type=int, help="changes tried against this baseline (counted from runs)"
    )
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")
    parser.add_argument("--no-record", action="store_true", help="leave run.json as it is")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Gate, print the verdict and return its exit code."""
    args = parse_args(argv)
    import orjson

    from custom.gate.report import format_verdict
    from custom.gate.runs import gate_runs

    verdict = gate_runs(
        args.new, args.baseline, comparisons=args.comparisons, record=not args.no_record
    )
    if args.json:
        print(orjson.dumps(verdict.to_record(), option=orjson.OPT_INDENT_2).decode())
    else:
        print(format_verdict(verdict))
    return verdict.exit_code


if __name__ == "__main__":
    run_tool(main)
