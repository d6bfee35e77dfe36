"""Draw a contact sheet of augmented training samples, or check them, before training."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from custom.errors import run_tool
from custom.image_folders import add_image_options, images_given


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="a config")
    parser.add_argument("--seed", type=int, help="the training's (randomness.seed, or 42)")
    parser.add_argument("--fold", type=int)
    parser.add_argument("--data-root", help="folder of the data set")
    add_image_options(parser, ("train", "val", "test"))
    parser.add_argument("--split", help="folder of the sealed split")
    parser.add_argument("--cfg-options", nargs="+", default=[], metavar="KEY=VALUE")
    parser.add_argument("--out", default="reports/browse.png", help="the sheet to write")
    parser.add_argument("--num", type=int, help="samples: 16 on the sheet, 50 to check")
    parser.add_argument(
        "--check", action="store_true", help="check boxes, labels, types, repeatability and speed"
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the sheet, or print the check; a warning is exit code 1."""
    args = parse_args(argv)
    from custom.detection.browse import check_config, training_set, write_sheet
    from custom.training.configuration import RunOptions, load_config, parse_overrides

    options = RunOptions(
        seed=args.seed,
        fold=args.fold,
        data_root=args.data_root,
        images=images_given(args),
        split=args.split,
        overrides=parse_overrides(args.cfg_options),
    )
    config = load_config(args.config, options)
    seed = config.randomness.seed
    if not args.check:
        num = 16 if args.num is None else args.num
        write_sheet(training_set(config), seed, num, args.out)
        print(f"written to {args.out}")
        return 0
    check = check_config(config, seed, 50 if args.num is None else args.num)
    for name, milliseconds in check.milliseconds.items():
        print(f"{name:<32} {milliseconds:8.2f} ms")
    for warning in check.faults:
        print(f"warning: {warning}")
    print(f"{check.num_samples} samples, {check.num_boxes} boxes, {len(check.faults)} warnings")
    return 1 if check.faults else 0


if __name__ == "__main__":
    run_tool(main)
