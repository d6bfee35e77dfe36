"""Print parameters and GFLOPs of config leaves as the rows of a Markdown table."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from custom.errors import run_tool


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("leaves", nargs="+", type=Path, help="config leaves")
    parser.add_argument("--size", type=int, default=1024, help="height and width of the image")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure each leaf and print its row."""
    args = parse_args(argv)
    from mmdet.utils import register_all_modules

    from custom.detection.configuration import RunOptions, load_config
    from custom.detection.models.complexity import measure

    register_all_modules()
    print(f"| leaf | parameters | GFLOPs at {args.size}x{args.size} |")
    print("|---|---:|---:|")
    for leaf in args.leaves:
        model = load_config(leaf, RunOptions(pretrained=False)).model
        found = measure(model, args.size)
        print(f"| `{leaf.stem}` | {found.parameters:,} | {found.gflops:,.1f} |", flush=True)
    return 0


if __name__ == "__main__":
    run_tool(main)
