"""Predict on the test set of a run, and write runs/<run>.json as COCO results."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from custom.errors import run_tool


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", help="a run's folder, as runs/universenet101")
    parser.add_argument("--data-root", help="folder of the data set, where it has moved")
    parser.add_argument("--tta", action="store_true", help="merge flips and scales")
    parser.add_argument(
        "--trust-checkpoint", action="append", default=[], metavar="SHA256",
        help="unpickle the file with this digest, which may run code from it",
    )  # fmt: skip
    parser.add_argument("--out", help="the file to write (runs/<run>.json)")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Predict, write, and print where."""
    args = parse_args(argv)
    from custom.training.test_set import predict_test_set
    from custom.training.weights import trust_checkpoints

    trust_checkpoints(args.trust_checkpoint)
    result = predict_test_set(args.run, data_root=args.data_root, tta=args.tta, out=args.out)
    print(f"{result.predictions.num_boxes} boxes on {result.predictions.num_images} images")
    if result.metrics:
        print(f"test mAP50 {result.metrics['coco/bbox_mAP_50']:.4f}")
    print(f"written to {result.path}")
    return 0


if __name__ == "__main__":
    run_tool(main)
