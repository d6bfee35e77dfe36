"""Say whether runs are better than their baseline: accept (0), reject (1) or inconclusive (3)."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from custom.errors import run_tool


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("new", nargs="*", help="runs of one change: its seeds and folds")
    parser.add_argument("--baseline", nargs="+", default=[], help="runs to compare with")
    parser.add_argument(
        "--comparisons", type=int, help="changes tried against this baseline (counted from runs)"
    )
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")
    parser.add_argument("--no-record", action="store_true", help="leave run.json as it is")
    plan = parser.add_argument_group("before training")
    plan.add_argument("--plan", action="store_true", help="say what it takes to see --gain")
    plan.add_argument("--gain", type=float, help="the true gain to be seen, as .01")
    plan.add_argument("--images", type=int, help="val images of a fold (the baseline's)")
    plan.add_argument(
        "--correlation", type=float, help="of both sides over resampled images (.55; .75 to .9 "
        "where only a setting differs)",
    )  # fmt: skip
    args = parser.parse_args(argv)
    if args.plan and (args.gain is None or args.new):
        parser.error("--plan needs --gain, and no runs but those of --baseline")
    if not args.plan and not (args.new and args.baseline):
        parser.error("name the new runs and --baseline")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Gate, print the verdict and return its exit code; or print a plan."""
    args = parse_args(argv)
    if args.plan:
        return _plan(args)
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


def _plan(args: argparse.Namespace) -> int:
    from custom.gate.plan import CORRELATION, format_plan
    from custom.gate.runs import plan_setting

    correlation = CORRELATION if args.correlation is None else args.correlation
    setting, policy = plan_setting(args.baseline, correlation, args.images)
    print(format_plan(args.gain, setting, policy))
    return 0


if __name__ == "__main__":
    run_tool(main)
