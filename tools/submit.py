"""Write a submission in the competition's format, and refuse one that would be scored as broken.

Exit code 0: nothing blocks it; 1: blocked, with the reasons; 2: it could not be checked.
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
    parser.add_argument("predictions", nargs="?", help="runs/x.json, submissions/x.json or a CSV")
    parser.add_argument("--check", metavar="FILE", help="only check this submission file")
    parser.add_argument("--format", help="of the competition (from the run)")
    parser.add_argument("--metric", help="what decides (the competition's)")
    cut = parser.add_mutually_exclusive_group()
    cut.add_argument(
        "--score-thr",
        type=float,
        default=0.0,
        help="leave out boxes of lower score (the best on val, where the metric needs one)",
    )
    cut.add_argument(
        "--thresholds",
        action="store_true",
        help="leave out boxes below the thresholds by class that thresholds.py chose",
    )
    parser.add_argument("--images", help="COCO file with the test images (from the run)")
    parser.add_argument("--train", help="COCO file with annotations, for the classes' shares")
    parser.add_argument("--like", help="another submission: are boxes on the same images?")
    parser.add_argument("--ledger", default="submissions/ledger.jsonl")
    parser.add_argument("--out", help="the file to write (submissions/<name>.csv)")
    parser.add_argument("--clip", action="store_true", help="limit boxes to their images")
    parser.add_argument("--drop-degenerate", action="store_true", help="drop x2 <= x1, y2 <= y1")
    parser.add_argument(
        "--max-repaired", type=float, metavar="SHARE", help="of the boxes that these may touch"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace another submission")
    args = parser.parse_args(argv)
    if (args.predictions is None) == (args.check is None):
        parser.error("give either predictions to write as a submission, or --check FILE")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Check, write what is not blocked, and print what was found."""
    args = parse_args(argv)
    from custom.competition import competition_of, runs_among
    from custom.submission import command

    source = args.check or args.predictions
    competition = competition_of(runs_among([source]), args.metric, args.format)
    form, metric = competition.format_name, competition.metric.name
    context = command.context_of(source, args.images, args.train, form, args.ledger, args.like)
    if args.check:
        outcome = command.check(source, context, form, metric)
    else:
        repairs = {"clip": args.clip, "drop_degenerate": args.drop_degenerate}
        repairs["max_repaired"] = args.max_repaired
        outcome = command.export(
            source, context, form, args.out, overwrite=args.overwrite,
            metric=metric, score_thr=args.score_thr, by_class=args.thresholds, **repairs,
        )  # fmt: skip
    for line in (*outcome.notes, *outcome.issues):
        print(line)
    if outcome.is_blocked:
        print(f"BLOCKED: do not submit {source}")
        return 1
    print(f"passed: {outcome.written or source}")
    return 0


if __name__ == "__main__":
    run_tool(main)
