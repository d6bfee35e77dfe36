"""Fuse the predictions of several models into one submission, checked by mAP50 on val.

Scores every model and the ensemble on the sealed val split, fuses the test predictions with the
same parameters, and writes submissions/<name>.json and .csv.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from custom.errors import run_tool

if TYPE_CHECKING:
    from custom.ensemble.pipeline import Judgement

EXIT_NO_GAIN = 1
METHODS = ("wbf", "nms", "soft-nms", "soft-nms-linear", "nmw", "diou-nms")


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("predictions", nargs="+", help="runs/*.json, or files from anywhere")
    fusing = parser.add_argument_group("how to fuse")
    fusing.add_argument("--method", choices=METHODS, default="wbf")
    fusing.add_argument("--iou-thr", type=float, default=0.55)
    fusing.add_argument("--skip-box-thr", type=float, default=1e-4)
    fusing.add_argument("--weights", type=float, nargs="+", help="one per file")
    fusing.add_argument("--conf-type", default="avg", help="how WBF scores a cluster")
    fusing.add_argument("--sigma", type=float, default=0.5, help="of soft-nms")
    fusing.add_argument("--class-agnostic", action="store_true")
    fusing.add_argument("--backend", choices=("numba", "reference"), default="numba")
    repairs = parser.add_argument_group("repairs, each counted")
    repairs.add_argument("--clip", action="store_true", help="limit boxes to their images")
    repairs.add_argument("--drop-degenerate", action="store_true", help="drop x2 <= x1, y2 <= y1")
    files = parser.add_argument_group("files")
    files.add_argument("--ann", help="labelled images that the files cover: score on them")
    files.add_argument("--images", help="COCO file with the full list of images")
    files.add_argument("--format", default="trash", help="of the CSV files")
    files.add_argument("--out", default="submissions", help="the folder to write to")
    files.add_argument("--name", help="of the submission (made from its content)")
    files.add_argument("--overwrite", action="store_true", help="replace a submission of that name")
    parser.add_argument("--strict", action="store_true", help="fail where fusing is no gain")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Score, fuse, write, and print the table."""
    args = parse_args(argv)
    from custom.ensemble import FusionConfig
    from custom.ensemble.inputs import read_inputs
    from custom.ensemble.pipeline import Repairs, judge, submit

    config = FusionConfig(
        method=args.method.replace("-", "_"),
        iou_thr=args.iou_thr,
        skip_box_thr=args.skip_box_thr,
        weights=None if args.weights is None else tuple(args.weights),
        conf_type=args.conf_type,
        sigma=args.sigma,
        class_agnostic=args.class_agnostic,
        backend=args.backend,
    )
    repairs = Repairs(args.clip, args.drop_degenerate)
    inputs = read_inputs(args.predictions, args.ann, args.images, args.format)
    judgement = judge(inputs.val, config, repairs) if inputs.val else None
    print_judgement(judgement)
    if args.strict and not (judgement and judgement.is_gain):
        print("nothing written: --strict asks for a gain over the best single model")
        return EXIT_NO_GAIN
    written = submit(
        inputs, config, judgement, args.out, args.name, args.format, repairs, args.overwrite
    )
    for note in written.notes:
        print(f"note: {note}")
    print(f"{written.num_boxes} boxes on {len(inputs.images)} images")
    print(f"written {written.json_file} and {written.csv_file}")
    return 0


def print_judgement(judgement: Judgement | None) -> None:
    """Print what every model and the ensemble score, and warn where fusing is no gain."""
    if judgement is None:
        print("WARNING: not scored, since no labelled images are known; name them with --ann")
        return
    width = max(map(len, judgement.singles))
    print(f"{'model':{width}}  val mAP50")
    for name, value in judgement.singles.items():
        print(f"{name:{width}}  {value:.4f}")
    print(f"{'ENSEMBLE':{width}}  {judgement.fused:.4f}")
    if not judgement.is_gain:
        print(
            f"WARNING: the ensemble ({judgement.fused:.4f}) is not above the best single model "
            f"({judgement.best_single:.4f}); submit that one, or try another --method"
        )


if __name__ == "__main__":
    run_tool(main)
