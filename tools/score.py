"""Score one file of predictions: COCO's twelve figures, each class, the competition's metric."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Sequence

from custom.errors import run_tool


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("predictions", help="COCO results, or a CSV file")
    parser.add_argument("--ann", required=True, metavar="FILE", help="COCO file with the boxes")
    parser.add_argument("--split", metavar="DIR", help="a sealed split: score one fold's images")
    parser.add_argument("--fold", type=int, help="which fold of --split")
    parser.add_argument("--metric", help="what decides (the format's)")
    parser.add_argument("--format", help="of a CSV file (trash)")
    parser.add_argument("--json", metavar="OUT", help="also write all of it, with each class")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT, whatever it is")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Score, print and write."""
    args = parse_args(argv)
    from custom.runs.scorecard import ScoreRequest, score_file, scorecard_lines, write_scorecard

    request = ScoreRequest(
        args.predictions, args.ann, args.split, args.fold, args.metric, args.format
    )
    card = score_file(request)
    for warning in card.warnings:
        print(f"warning: {warning}")
    print("\n".join(scorecard_lines(card)))
    if args.json:
        write_scorecard(card, args.json, args.overwrite)
        print(f"written {args.json}")


if __name__ == "__main__":
    gc.disable()  # looking for cycles, of which there are few, takes a tenth of the time
    run_tool(main)
