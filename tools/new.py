"""Make a competition of a data set as it comes: configs, list of test images, sealed split."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from custom.errors import run_tool
from custom.image_folders import add_image_options, images_given


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("name", help="of the competition: its folder in configs/ and data/")
    add("--train", type=Path, required=True, metavar="DIR|JSON",
        help="the COCO annotations, or the data set's folder")  # fmt: skip
    add("--test", type=Path, metavar="DIR|JSON",
        help="the list of the test images, or a folder of them (looked for)")  # fmt: skip
    add("--val", metavar="DIR|JSON|none",
        help="an organiser's val annotations (looked for; none: make folds)")  # fmt: skip
    add_image_options(parser, ("train", "val", "test"))
    add("--folds", type=int, default=5, help="where no val set is given (%(default)s)")
    add("--seed", type=int, default=42, help="of the split (%(default)s)")
    add("--metric", help="of the competition (that of the format)")
    add("--format", default="coco", help="of submissions (%(default)s)")
    add("--workers", type=int, default=2, help="processes that decode images (%(default)s)")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Make it, and say what was assumed and what to do next."""
    args = parse_args(argv)
    from rich.console import Console
    from rich.progress import track

    from custom.new_competition import NewRequest, make_competition

    console = Console()
    images = {key.partition("_")[0]: Path(value) for key, value in images_given(args).items()}
    request = NewRequest(
        args.name, args.train, args.test, args.val, images, args.folds, args.seed, args.metric,
        args.format, args.workers,
    )  # fmt: skip
    made = make_competition(
        request, lambda items, total: track(items, "looking at images", total, console=console)
    )
    for line in made.assumed:
        print(line)
    for issue in made.split.draft.issues:
        print(f"warning: {issue}")
    print(f"sealed {made.split.split.folder}, hash {made.split.split.hash[:12]}")
    print(f"written {', '.join(map(str, made.files))}")
    print(f"next: podium browse {made.files[-1]}, then podium train {made.files[-1]}")
    return 0


if __name__ == "__main__":
    run_tool(main)
