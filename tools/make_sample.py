"""Draw trash scenes with known boxes: a small competition for demos, made on the spot.

Example:
    python tools/make_sample.py data/sample --seed 42 --contact-sheet data/sample/sheet.png
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from custom.errors import run_tool


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where to write, for example data/sample")
    parser.add_argument("--seed", type=int, default=42, help="same seed, same bytes")
    parser.add_argument("--train", type=int, default=300, help="number of training images")
    parser.add_argument("--test", type=int, default=80, help="number of test images")
    parser.add_argument("--size", type=int, default=320, help="side of an image in pixels")
    parser.add_argument(
        "--contact-sheet", type=Path, metavar="FILE", help="also draw the first images with boxes"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace sample data made with other options"
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int | None:
    """Make the sample data and say what was written."""
    args = parse_args(argv)
    from custom.sample.contact_sheet import write_contact_sheet
    from custom.sample.dataset import Recipe, make_sample

    recipe = Recipe(args.seed, args.train, args.test, args.size)
    boxes = make_sample(args.folder, recipe, args.overwrite)
    print(f"{args.folder / 'train.json'}: {args.train} images, {boxes['train.json']} boxes")
    print(
        f"{args.folder / 'test.json'}: {args.test} images; their {boxes['test_boxes.json']} boxes"
    )
    print(f"  are in {args.folder / 'test_boxes.json'}")
    if args.contact_sheet is not None:
        write_contact_sheet(args.contact_sheet, args.folder / "train.json", args.folder)
        print(f"{args.contact_sheet}: contact sheet")
    return None


if __name__ == "__main__":
    run_tool(main)
