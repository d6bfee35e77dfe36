"""Predict on the test set of a run, and write runs/<run>.json as COCO results.

Val is predicted by the same procedure, so that the run's score is that of what is submitted.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from custom.errors import run_tool
from custom.image_folders import add_image_options, images_given


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", help="a run's folder, as runs/universenet101")
    parser.add_argument("--data-root", help="folder of the data set, where it has moved")
    add_image_options(parser, ("val", "test"))
    parser.add_argument(
        "--trust-checkpoint", action="append", default=[], metavar="SHA256",
        help="unpickle the file with this digest, which may run code from it",
    )  # fmt: skip
    parser.add_argument("--out", help="the file to write (runs/<run>.json)")
    parser.add_argument(
        "--boxes", metavar="RUN",
        help="predict on the boxes that this run found, into a run RUN_on_BOXES (task region)",
    )  # fmt: skip
    parser.add_argument(
        "--overwrite", action="store_true", help="replace what is at --out, or the run of --boxes"
    )
    how = parser.add_argument_group("how to predict; recorded, and val is predicted likewise")
    how.add_argument("--tta", action="store_true", help="merge flips and scales")
    how.add_argument("--score-thr", type=float, metavar="SCORE", help="drop boxes below it")
    how.add_argument("--max-per-img", type=int, metavar="COUNT", help="most boxes on an image")
    how.add_argument("--batch-size", type=int, metavar="COUNT", help="images predicted at once")
    how.add_argument("--checkpoint", metavar="FILE", help="other weights than best.pth")
    return parser.parse_args(argv)


def how_given(args: argparse.Namespace) -> tuple[bool, float | None, int | None, int | None]:
    """Return what the command line says of how to predict, as `Procedure` takes it."""
    return args.tta, args.score_thr, args.max_per_img, args.batch_size


def main(argv: Sequence[str] | None = None) -> int:
    """Predict, write, and print where."""
    args = parse_args(argv)
    from custom.runs import Procedure
    from custom.training.test_set import predict_test_set
    from custom.training.weights import trust_checkpoints

    trust_checkpoints(args.trust_checkpoint)
    if args.boxes is not None:
        from custom.errors import PodiumError
        from custom.training.given_boxes import predict_on_boxes

        if Procedure(*how_given(args)) != Procedure() or args.checkpoint or args.out:
            raise PodiumError("--boxes predicts as the run itself did; give it without other ways")
        print(f"written to {predict_on_boxes(args.run, args.boxes, args.overwrite).folder}")
        return 0
    procedure = Procedure(*how_given(args))
    result = predict_test_set(
        args.run,
        args.data_root,
        procedure,
        args.checkpoint,
        args.out,
        images_given(args),
        args.overwrite,
    )
    print(f"{result.predictions.num_boxes} boxes on {result.predictions.num_images} images")
    title, key = result.metric.title, result.metric.key
    if result.val_metrics:
        print(f"val {title} {result.val_metrics[key]:.4f}, predicted the same way")
    if result.metrics:
        print(f"test {title} {result.metrics[key]:.4f}")
    print(f"written to {result.path}")
    return 0


if __name__ == "__main__":
    run_tool(main)
