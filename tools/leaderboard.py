"""Keep what the leaderboard said beside what validation said, and learn from both."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from custom.errors import run_tool


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ledger", default="submissions/ledger.jsonl")
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="note a submission, or a score that is known now")
    add.add_argument("submission", help="the file that was uploaded")
    add.add_argument("--public", type=float, help="score on the public board, 0 to 1")
    add.add_argument("--private", type=float, help="score on the private board, 0 to 1")
    add.add_argument("--val", type=float, help="score on val (from the .meta.json beside it)")
    add.add_argument("--val-interval", type=float, nargs=2, metavar=("LOW", "HIGH"))
    add.add_argument("--format", default="trash", help="of the CSV file")
    add.add_argument("--metric", help="of the scores (from the .meta.json, or the format's)")
    add.add_argument("--note", default="", help="what to remember")
    add.add_argument("--time", help="when, as 2026-11-20T13:00+09:00 (now)")
    add.add_argument("--correct", action="store_true", help="replace a score that is there")
    commands.add_parser("report", help="val against public, what is left today, what to select")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Add a line, or print the report."""
    args = parse_args(argv)
    from custom.leaderboard import command

    if args.command == "report":
        print(command.report_text(args.ledger))
        return 0
    entry = command.add_submission(
        args.submission,
        public=args.public,
        private=args.private,
        val=args.val,
        val_interval=args.val_interval,
        format_name=args.format,
        ledger=args.ledger,
        note=args.note,
        time=args.time,
        correct=args.correct,
        metric=args.metric,
    )
    print(f"{args.ledger}: {entry.name} {entry.hash[:12]}, commit it")
    return 0


if __name__ == "__main__":
    run_tool(main)
