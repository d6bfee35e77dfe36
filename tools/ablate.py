"""Train the variants of an ablation file, gate each, and table what helped and by how much.

Arguments after `--` go to tools/train.py. Run again, it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from custom.errors import run_tool


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, usage="%(prog)s PLAN [options] [-- TRAIN_ARG ...]"
    )
    add = parser.add_argument
    add("plan", type=Path, help="ablation file, as configs/trash/ablations.py")
    add("--seeds", type=int, nargs="+", default=[42], help="each trains every variant")
    add("--folds", type=int, nargs="+", help="folds to evaluate on (the config's own)")
    add("--only", nargs="+", default=[], metavar="VARIANT", help="some of the variants")
    add("--out", type=Path, help="folder of runs and tables (runs/<competition>_<file>)")
    words = list(sys.argv[1:] if argv is None else argv)
    end = words.index("--") if "--" in words else len(words)
    args = parser.parse_args(words[:end])
    args.train_args = words[end + 1 :]
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Run the ablation and print its table; exit code 1 where runs are missing."""
    args = parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    from custom.ablation import read_plan, run_ablation
    from custom.ablation.table import write_tables

    plan = read_plan(args.plan)
    out = args.out or Path("runs") / plan.name
    outcomes = run_ablation(
        plan, out, args.seeds, args.folds or (None,), tuple(args.only), args.train_args
    )
    table, record = write_tables(outcomes, out, plan.name)
    print(table.read_text(encoding="utf-8"))
    print(f"written to {table} and {record}")
    return int(any(outcome.missing for outcome in outcomes))


if __name__ == "__main__":
    run_tool(main)
