"""Draw images with known boxes or labels: a small competition, made on the spot.

Example:
    python tools/make_sample.py data/sample --seed 42 --contact-sheet data/sample/sheet.png
    python tools/make_sample.py --task region
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from custom.errors import run_tool


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "folder", type=Path, nargs="?", help="where to write (data/sample, hatch, rope or tiny)"
    )
    parser.add_argument(
        "--task",
        choices=("detection", "image", "region", "tiny"),
        default="detection",
        help="boxes of trash; labels of images (hatches open, closed), of regions (people with a "
        "safety rope), or of pictures of 64x64 (kinds of trash) (%(default)s)",
    )
    parser.add_argument("--seed", type=int, default=42, help="same seed, same bytes")
    parser.add_argument("--train", type=int, help="number of training images (300, 800, 600, 1000)")
    parser.add_argument("--test", type=int, help="number of test images (80, 240, 200, 300)")
    parser.add_argument("--size", type=int, help="width of an image in pixels (320, 160, 320, 64)")
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
    from custom.sample.dataset import make_sample
    from custom.sample.recipe import TASKS, recipe_of
    from custom.sheets import check_sheet

    if args.contact_sheet is not None:
        check_sheet(args.contact_sheet)
    recipe = recipe_of(args.task, args.seed, args.train, args.test, args.size)
    folder = args.folder or Path(TASKS[args.task][3])
    boxes = make_sample(folder, recipe, args.overwrite)
    print(f"{folder / 'train.json'}: {recipe.train} images, {boxes['train.json']} boxes")
    print(f"{folder / 'test.json'}: {recipe.test} images; their {boxes['test_boxes.json']} boxes")
    print(f"  are in {folder / 'test_boxes.json'}")
    if args.contact_sheet is not None:
        write_contact_sheet(args.contact_sheet, folder / "train.json", folder)
        print(f"{args.contact_sheet}: contact sheet")
    return None


if __name__ == "__main__":
    run_tool(main)
