"""Split a data set into sealed, balanced folds: the one validation that everybody shares."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from custom.errors import run_tool

EXIT_DIFFERENT = 1


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("ann_file", type=Path, nargs="?", help="COCO annotations, as data/trash/train.json")
    add("--folds", type=int, default=5, help="how many folds (%(default)s)")
    add("--seed", type=int, default=42, help="decides between equally good splits (%(default)s)")
    add("--images", type=Path, help="folder that file names start from (beside ann_file)")
    add("--val", type=Path, metavar="VAL.json",
        help="an organiser's own val set: the one fold, in place of --folds")  # fmt: skip
    add("--val-images", type=Path, help="folder that the file names of --val start from")
    add("--group-by", metavar="KEY|REGEX", help="keep images together by entry key or file name")
    add("--from", dest="external", type=Path, nargs="+", default=[], metavar="IDS.json",
        help="seal external folds: lists of val image ids, one file a fold")  # fmt: skip
    add("--out", type=Path, help="folder of splits (data/<folder of ann_file>/splits)")
    add("--name", help="name of the split (<folds>fold-seed<seed>)")
    add("--report", type=Path, metavar="FILE.html", help="page of near-duplicates (in reports/)")
    add("--workers", type=int, default=2, help="processes that decode images (%(default)s)")
    add("--no-duplicates", action="store_true", help="do not look for near-duplicate images")
    add("--join-chains", action="store_true", help="join chains of them that no fold can hold")
    add("--check", type=Path, nargs="?", const=Path(), metavar="SPLIT",
        help="say what has changed since, in ann_file too; exit code 1 if it matters")  # fmt: skip
    args = parser.parse_args(argv)
    if args.ann_file is None and args.check is None:
        parser.error("name the annotations to split, or --check")
    return args


def main(argv: Sequence[str] | None = None) -> int | None:
    """Make a split, or check one, and show it."""
    args = parse_args(argv)
    return _make(args) if args.check is None else _check(args)


def _make(args: argparse.Namespace) -> int:
    from rich.progress import track

    from custom.splits.command import SplitRequest, balance_table, run_split
    from custom.terminal import console as console_of
    from custom.terminal import plain

    console = console_of()
    request = SplitRequest(
        args.ann_file, args.folds, args.seed, args.group_by, args.external, args.out, args.name,
        args.images, args.report, args.workers, not args.no_duplicates, args.join_chains,
        args.val, args.val_images,
    )  # fmt: skip
    result = run_split(
        request, lambda items, total: track(items, "looking at images", total, console=console)
    )
    console.print(balance_table(result.draft))
    for issue in result.draft.issues:
        console.print(plain(f"warning: {issue}"), style="yellow", markup=False)
    if result.report is None:
        console.print(
            "no images beside the annotations: not checked, nor searched for near-duplicates"
        )
    else:
        groups = len(result.draft.duplicates)
        console.print(plain(f"{groups} groups of near-duplicates: {result.report}"), markup=False)
    sealed = f"sealed {result.split.folder}, hash {result.split.hash[:12]}"
    console.print(plain(sealed), markup=False)
    return 0


def _check(args: argparse.Namespace) -> int:
    from custom.splits.command import run_check

    matters = False
    split = args.check if args.check != Path() else None
    for folder, differences in run_check(split, args.ann_file, args.images):
        print(f"{folder}: {'as sealed' if not differences else 'not as sealed'}")
        for difference in differences:
            print(f"  {'note' if difference.harmless else 'CHANGED'}: {difference}")
            matters |= not difference.harmless
    return EXIT_DIFFERENT if matters else 0


if __name__ == "__main__":
    run_tool(main)
