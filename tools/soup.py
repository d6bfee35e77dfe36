"""Average the weights of several runs of one config into one checkpoint."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from custom.errors import run_tool


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoints", nargs="+", help="runs/*/best.pth, of one fold")
    parser.add_argument(
        "--trust-checkpoint", action="append", default=[], metavar="SHA256",
        help="unpickle the file with this digest, which may run code from it",
    )  # fmt: skip
    parser.add_argument("--out", default="runs/soup.pth", help="the checkpoint to write")
    parser.add_argument("--overwrite", action="store_true", help="replace what is at --out")
    parser.add_argument(
        "--method", choices=("greedy", "uniform"), default="greedy",
        help="keep what improves the metric on the val fold, or take all",
    )  # fmt: skip
    parser.add_argument(
        "--bn-batches", type=int, default=50, help="batches for batch-norm statistics"
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Make the soup, and print what is in it and what it scores."""
    args = parse_args(argv)
    from custom.training.soup_runs import make_soup
    from custom.training.weights import trust_checkpoints

    trust_checkpoints(args.trust_checkpoint)
    soup = make_soup(args.checkpoints, args.out, args.method, args.bn_batches, args.overwrite)
    for name, value in soup.scores.items():
        print(f"{name}: val {value:.4f}")
    print(f"written to {args.out}: {len(soup.members)} of {len(args.checkpoints)} checkpoints")
    for member in soup.members:
        print(f"  {member}")
    return 0


if __name__ == "__main__":
    run_tool(main)
