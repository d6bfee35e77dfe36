"""List all runs: task, trainer, what was changed, the metric with its interval, verdict, hours."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from custom.errors import run_tool


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("folders", nargs="*", type=Path, default=[Path("runs")], help="where runs lie (runs)")
    add("--sort", default="-value", metavar="COLUMN", help="or --sort=-COLUMN (%(default)s)")
    add("--filter", nargs="+", default=[], metavar="COND", help="fold=0 config=nano 'AP50>0.6'")
    add("--baseline", metavar="RUN", help="compare configs with it (the one it was gated against)")
    add("--no-intervals", action="store_true", help="do not resample the val images: quick")
    add("--json", type=Path, metavar="FILE", help="write the rows there too")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int | None:
    """Print the table."""
    args = parse_args(argv)
    from custom.files import check_replaceable, write_json
    from custom.runs import read_run, runs_below
    from custom.runs.table import (
        filter_rows,
        holds_records,
        make_rows,
        records_of,
        sort_rows,
    )
    from custom.runs.table_text import table_of
    from custom.terminal import console

    if args.json:
        check_replaceable([args.json], is_own=holds_records, remedy="name another file")
    baseline = read_run(args.baseline) if args.baseline else None
    rows = make_rows(runs_below(args.folders), baseline, not args.no_intervals)
    rows = sort_rows(filter_rows(rows, args.filter), args.sort)
    console().print(table_of(rows))
    if args.json:
        write_json(args.json, records_of(rows))
    return None


if __name__ == "__main__":
    run_tool(main)
