"""Correct a detector's scores by a classifier of images or regions, and gate the new run.

Exit code: the gate's (0 accept, 1 reject, 3 inconclusive), 2 bad input.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from custom.errors import run_tool


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", help="the detector's run")
    parser.add_argument(
        "--with", dest="classifiers", nargs="+", required=True, help="the classifier's runs"
    )
    parser.add_argument("--how", default="multiply", help="multiply, blend or filter (%(default)s)")
    parser.add_argument("--out", metavar="NAME", help="the new run's name (RUN_rescored)")
    parser.add_argument("--overwrite", action="store_true", help="replace a run that was made so")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Rescore, write, and print what was chosen with the verdict."""
    args = parse_args(argv)
    from custom.gate.report import format_verdict
    from custom.rescoring.command import Request, rescore_run

    request = Request(args.run, args.classifiers, args.how, args.out, args.overwrite)
    result = rescore_run(request)
    chosen, metric = result.chosen, result.run.record.metric
    print(f"{result.run.folder}: {result.method.name}, {result.method.parameter} {chosen.number:g}")
    for number, value in chosen.values.items():
        print(f"  {result.method.parameter} {number:<6g} {metric} {value:.4f}")
    print(f"{metric} {chosen.before:.4f} -> {chosen.cross_validated:.4f}, cross-validated")
    if result.without_head:
        print(f"left as they are, for want of a head: {', '.join(result.without_head)}")
    print(f"\n{format_verdict(result.verdict)}")
    return result.verdict.exit_code


if __name__ == "__main__":
    run_tool(main)
