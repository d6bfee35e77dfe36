"""Write an annotation file with labels that models made on unlabelled images.

Boxes above a score that is precise enough out of fold, class by class, join the annotations; each
says its source. Refused if a model saw the fold that will evaluate the training on them.
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
    files = parser.add_argument_group("files")
    files.add_argument("--from", dest="predictions", required=True, help="submissions/x.json")
    files.add_argument("--images", required=True, help="COCO file with the predicted images")
    files.add_argument("--train", required=True, help="the annotated COCO file to join")
    files.add_argument("--out", required=True, help="the file to write")
    files.add_argument("--format", dest="format_name", default="trash", help="of CSV files")
    files.add_argument("--overwrite", action="store_true", help="replace the file")
    val = parser.add_argument_group("evaluation")
    val.add_argument("--runs", nargs="+", default=(), help="runs that predicted (from the file)")
    val.add_argument("--fold", type=int, help="the fold that will evaluate (what all left out)")
    val.add_argument(
        "--unjudged", action="store_true", help="no fold will evaluate the training on the labels"
    )
    chosen = parser.add_argument_group("what is taken")
    chosen.add_argument("--precision", type=float, default=0.8, help="of the boxes that are taken")
    chosen.add_argument("--min-support", type=int, default=20, help="out-of-fold boxes behind it")
    chosen.add_argument("--val-predictions", help="out-of-fold predictions (of the runs)")
    chosen.add_argument("--val-annotations", help="the boxes of the images of these")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the file and print what is in it."""
    args = parse_args(argv)
    from custom.pseudo_labels import Request, make_pseudo_labels
    from custom.pseudo_labels.text import render

    print(render(make_pseudo_labels(Request(**{**vars(args), "runs": tuple(args.runs)}))))
    return 0


if __name__ == "__main__":
    run_tool(main)
