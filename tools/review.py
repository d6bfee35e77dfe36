"""Write a folder of pages, opened from disk, that shows where the points are lost."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from custom.errors import run_tool

if TYPE_CHECKING:
    from custom.review import Request

METHODS = ("wbf", "nms", "soft-nms", "soft-nms-linear", "nmw", "diou-nms")


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="*", help="run folders or patterns: folds, models")
    parser.add_argument(
        "--images", type=Path, metavar="DIR", help="folder that file names start from"
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
    files.add_argument("--format", default="trash", help="of the CSV files (%(default)s)")
    fusing = parser.add_argument_group("how two or more models are fused")
    fusing.add_argument("--method", choices=METHODS, default="wbf")
    fusing.add_argument("--iou-thr", type=float, default=0.55, help="(%(default)s)")
    fusing.add_argument("--skip-box-thr", type=float, default=1e-4, help="(%(default)s)")
    fusing.add_argument("--weights", type=float, nargs="+", help="one per model")
    fusing.add_argument("--conf-type", default="avg", help="how WBF scores a cluster (%(default)s)")
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
    from custom.ensemble import FusionConfig
    from custom.ensemble.pipeline import Repairs
    from custom.review import Request

    config = FusionConfig(
        method=args.method.replace("-", "_"),
        iou_thr=args.iou_thr,
        skip_box_thr=args.skip_box_thr,
        weights=None if args.weights is None else tuple(args.weights),
        conf_type=args.conf_type,
    )
    repairs = Repairs(args.clip, args.drop_degenerate, args.dedupe)
    return Request(
        args.runs, args.predictions, args.ann, args.format, args.images, config, args.recipe,
        repairs, args.suspects,
    )  # fmt: skip


if __name__ == "__main__":
    run_tool(main)
