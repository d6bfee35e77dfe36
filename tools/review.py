"""Write a folder of pages, opened from disk, that shows where the score is lost."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from custom.ensemble.options import add_fusion_options, fusion_of
from custom.errors import run_tool

if TYPE_CHECKING:
    from custom.review import Request


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="*", help="run folders or patterns: folds, models")
    parser.add_argument(
        "--images",
        type=Path,
        metavar="DIR",
        help="folder that file names start from (the runs' val images, where their config says)",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("reports/review"), help="the folder (%(default)s)"
    )
    parser.add_argument(
        "--suspects", type=Path, metavar="FILE", help="what labels.py find wrote (else: find anew)"
    )
    files = parser.add_argument_group("instead of runs")
    files.add_argument("--predictions", nargs="+", default=[], help="CSV or COCO results")
    files.add_argument("--ann", help="the annotations that --predictions cover")
    files.add_argument("--format", help="of the CSV files (the competition's)")
    parser.add_argument("--metric", help="what decides (the competition's)")
    fusing = add_fusion_options(parser)
    fusing.add_argument("--recipe", metavar="FILE", help="what tools/ensemble.py --search found")
    fusing.add_argument("--clip", action="store_true", help="limit boxes to their images")
    fusing.add_argument("--drop-degenerate", action="store_true", help="drop boxes without area")
    fusing.add_argument("--dedupe", action="store_true", help="drop each model's own duplicates")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int | None:
    """Read, write, and say which page to open."""
    args = parse_args(argv)
    from custom.review import read_review, write_review

    page = write_review(read_review(request_of(args)), args.out)
    print(f"written {page}: open it in a browser")
    return None


def request_of(args: argparse.Namespace) -> Request:
    """Return what the command line asks for."""
    from custom.ensemble.preparing import Repairs
    from custom.review import Request

    return Request(
        runs=args.runs,
        predictions=args.predictions,
        ann_file=args.ann,
        format_name=args.format,
        images_dir=args.images,
        config=fusion_of(args),
        recipe_file=args.recipe,
        repairs=Repairs(args.clip, args.drop_degenerate, args.dedupe),
        suspects_file=args.suspects,
        metric=args.metric,
    )


if __name__ == "__main__":
    run_tool(main)
