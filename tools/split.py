"""Split a data set into sealed, balanced folds: the one validation that everybody shares."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from custom.errors import run_tool


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ann_file", type=Path, help="COCO annotations, as data/trash/train.json")
    parser.add_argument("--folds", type=int, default=5, help="how many folds (%(default)s)")
    parser.add_argument("--seed", type=int, default=42, help="of the deal (%(default)s)")
    parser.add_argument("--group-by", help="key of the image entries, or regex on file names")
    parser.add_argument(
        "--from", dest="given", type=Path, nargs="+", default=[], metavar="IDS.json",
        help="seal these folds as they are: lists of val image ids, one file a fold",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, help="folder of splits (data/<competition>/splits)")
    parser.add_argument("--name", help="name of the split (<folds>fold-seed<seed>)")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int | None:
    """Make a split and show it."""
    args = parse_args(argv)
    from rich.console import Console

    from custom.splits.command import SplitRequest, balance_table, run_split

    console = Console()
    request = SplitRequest(
        args.ann_file, args.folds, args.seed, args.group_by, args.given, args.out, args.name
    )
    split, draft = run_split(request)
    console.print(balance_table(draft))
    for finding in draft.findings:
        console.print(f"warning: {finding}", style="yellow", markup=False)
    console.print(f"sealed {split.folder}, hash {split.hash[:12]}", markup=False)
    return None


if __name__ == "__main__":
    run_tool(main)
