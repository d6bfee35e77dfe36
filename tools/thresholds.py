"""Choose score thresholds by class for a precision, a recall, the best F1 or the lowest cost.

Chosen on out-of-fold predictions and cross-validated over groups of images, so that what is
promised is what to expect; kept in the runs. Exit code 0: chosen; 1: refused for a class.
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
    parser.add_argument("runs", nargs="+", help="the folds of one model, one run a fold")
    goal = parser.add_mutually_exclusive_group(required=True)
    goal.add_argument("--precision", type=float, help="the lowest score that is as precise")
    goal.add_argument("--recall", type=float, help="the highest score that finds as much")
    goal.add_argument("--f1", action="store_true", help="the score of the best F1")
    goal.add_argument("--cost", metavar="FP=5,FN=1", help="the cheapest score at these costs")
    goal.add_argument("--at", type=float, nargs="+", help="only show the table at these scores")
    parser.add_argument("--min-support", type=int, help="labels behind a threshold (by the goal)")
    parser.add_argument("--no-record", action="store_true", help="leave run.json as it is")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Choose, keep and print the thresholds, or print the operating table."""
    args = parse_args(argv)
    from custom.thresholds.command import choose, read_basis, table_at
    from custom.thresholds.goals import goal_of
    from custom.thresholds.report import chosen_lines, table_lines

    if args.at:
        basis = read_basis(args.runs)
        print("\n".join(table_lines(basis, args.at, table_at(basis, args.at))))
        return 0
    goal = goal_of(args.precision, args.recall, args.cost)
    basis = read_basis(args.runs)
    chosen = choose(basis, goal, args.min_support, record=not args.no_record)
    print("\n".join(chosen_lines(basis, goal, chosen)))
    return int(any(each.score_thr is None for each in chosen))


if __name__ == "__main__":
    run_tool(main)
