"""Import labels, find label errors, repair files, apply and make patches, score under both sets."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from custom.errors import run_tool


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    find = commands.add_parser("find", help="suspects from out-of-fold predictions")
    add = find.add_argument
    add("--runs", nargs="+", default=[], help="run folders or patterns: folds, models")
    add("--predictions", type=Path, help="instead of runs: CSV or COCO results, with --ann")
    add("--ann", type=Path, help="the annotations that --predictions were made on")
    add("--format", default="trash", help="of a CSV (%(default)s)")
    add("--out", type=Path, default=Path("reports/suspects.json"), help="(%(default)s)")
    add("--patch", type=Path, help="write the first suspects as a patch, to be thinned out")
    add("--top", type=int, default=200, help="how many go to the patch (%(default)s)")
    add("--author", help="of the patch (git's user name)")
    add("--overwrite", action="store_true", help="replace an existing patch")
    _add_import(commands)
    _add_repair(commands)
    apply = commands.add_parser("apply", help="write annotations with patches applied")
    apply.add_argument("ann_file", type=Path)
    apply.add_argument("patches", type=Path, nargs="+")
    apply.add_argument("--out", type=Path, required=True, help="another file than ann_file")
    apply.add_argument("--overwrite", action="store_true", help="replace what is at --out")
    diff = commands.add_parser("diff", help="make a patch from an edited copy of annotations")
    diff.add_argument("old", type=Path)
    diff.add_argument("new", type=Path)
    diff.add_argument("--out", type=Path, required=True, help="data/<competition>/patches/x.jsonl")
    diff.add_argument("--author", help="git's user name")
    diff.add_argument("--reason", default="", help="for every edit")
    diff.add_argument(
        "--match",
        choices=("name", "stem"),
        default="name",
        help="stem: names that Label Studio or Roboflow changed (%(default)s)",
    )
    diff.add_argument("--scale", action="store_true", help="boxes on resized copies, scaled back")
    diff.add_argument("--overwrite", action="store_true", help="replace an existing patch")
    both = commands.add_parser("score", help="score runs under two annotation files")
    both.add_argument("old", type=Path)
    both.add_argument("new", type=Path)
    both.add_argument("--runs", nargs="+", required=True, help="run folders or patterns")
    return parser.parse_args(argv)


def _add_import(commands: Any) -> None:
    labels = commands.add_parser(
        "import", help="labels of images or regions (CSV, folders, COCO) as COCO annotations"
    )
    add = labels.add_argument
    add("source", type=Path, help="a CSV, a folder with a folder a class, or a COCO file")
    add("--task", choices=("image", "region"), required=True, help="what the labels are of")
    add("--out", type=Path, required=True, help="the COCO file, as data/<competition>/train.json")
    add("--images", type=Path, metavar="DIR", help="where names start from (the source's folder)")
    add("--classes", nargs="+", default=[], help="which classes, in this order (all)")
    add("--attribute", metavar="NAME", help="whose value is a region's label (its category)")
    add("--exclusive", action="store_true", help="refuse images without exactly one class")
    add("--frames", metavar="REGEX", help="with groups (?P<video>...) and (?P<frame>...)")
    add("--fps", type=float, help="frames a second, for the times of --frames")
    add("--leave-out-unlisted", action="store_true", help="leave out images without a row")
    add("--overwrite", action="store_true", help="replace another file at --out")

    check = commands.add_parser("check", help="does every annotation belong to its picture?")
    check.add_argument("ann_file", type=Path)
    check.add_argument("--images", type=Path, metavar="DIR", help="where names start from")
    check.add_argument("--split", type=Path, help="a sealed split, which knows the files' contents")
    check.add_argument("--out", type=Path, default=Path("reports/mismatches.json"))
    check.add_argument("--overwrite", action="store_true", help="replace another file at --out")
    crop = commands.add_parser("crop", help="cut regions out, as images with a label of their own")
    crop.add_argument("ann_file", type=Path)
    crop.add_argument("--out", type=Path, required=True, help="a folder, as data/<competition>")
    crop.add_argument("--images", type=Path, metavar="DIR", help="where names start from")
    crop.add_argument("--size", type=int, default=64, help="side of a crop (%(default)s)")
    crop.add_argument("--margin", type=float, default=0.1, help="around the box (%(default)s)")
    crop.add_argument("--overwrite", action="store_true", help="replace other annotations")


def _add_repair(commands: Any) -> None:
    repair = commands.add_parser(
        "repair", help="fix an annotation file by named repairs; without --out, show them"
    )
    add = repair.add_argument
    add("ann_file", type=Path)
    add("--out", type=Path, help="a new file; its log of changes is written beside it")
    add("--ids-from-names", action="store_true", help="number images and categories with text ids")
    add("--categories-from", type=Path, metavar="FILE", help="where there are no categories")
    add("--sizes-from", type=Path, metavar="DIR", help="read missing image sizes from the files")
    add("--drop-root", action="store_true", help="drop a category that only groups the others")
    add("--drop-orphans", action="store_true", help="drop boxes of unknown images or categories")
    add("--read-as", choices=("xyxy", "centre", "fractions"), help="what all boxes are written as")
    add("--clip", action="store_true", help="limit boxes to their images")
    add("--drop-empty", action="store_true", help="drop boxes without area")
    add("--areas", action="store_true", help="the box's area where area is no number")
    add("--renumber", action="store_true", help="annotation ids from 1, where they repeat")
    add(
        "--max-repaired", type=float, metavar="SHARE",
        help="of the boxes that may be clipped or dropped (0.02)",
    )  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int | None:
    """Run one of the commands."""
    args = parse_args(argv)
    commands = {
        "find": _find, "import": _import, "crop": _crop, "check": _check, "apply": _apply,
        "diff": _diff, "score": _score, "repair": _repair,
    }  # fmt: skip
    return commands[args.command](args)


def _find(args: argparse.Namespace) -> None:
    from custom.labels.command import FindRequest, default_author, run_find, summary_of

    request = FindRequest(
        args.runs, args.predictions, args.ann, args.format, args.out, args.patch, args.top,
        args.author or default_author(), args.overwrite,
    )  # fmt: skip
    suspects, gt = run_find(request)
    print(f"{len(gt.images)} images, {gt.num_boxes} boxes, suspects: {summary_of(suspects)}")
    print(f"written to {args.out}" + (f" and {args.patch}" if args.patch else ""))


def _import(args: argparse.Namespace) -> None:
    from custom.errors import PodiumError
    from custom.labels.imports.command import ImportRequest, run_import, summary_of
    from custom.labels.imports.pictures import FramePattern

    if args.fps is not None and args.frames is None:
        raise PodiumError("--fps needs --frames, which says where a name has the frame's number")
    frames = None if args.frames is None else FramePattern(args.frames, args.fps)
    request = ImportRequest(
        args.source, args.task, args.out, args.images, args.classes, args.attribute,
        args.exclusive, frames, args.leave_out_unlisted, args.overwrite,
    )  # fmt: skip
    print(f"{summary_of(run_import(request))}; written to {args.out}")


def _check(args: argparse.Namespace) -> int:
    from custom.labels.check.command import CheckRequest, run_check, summary_of

    request = CheckRequest(args.ann_file, args.images, args.split, args.out, args.overwrite)
    mismatches, gt = run_check(request)
    print(f"{summary_of(mismatches, gt)}\nwritten to {args.out}")
    return int(bool(mismatches))


def _crop(args: argparse.Namespace) -> None:
    from custom.labels.imports.command import summary_of
    from custom.labels.imports.crops import CropRequest, run_crop

    request = CropRequest(
        args.ann_file, args.images, args.out, args.size, args.margin, args.overwrite
    )
    print(f"{summary_of(run_crop(request))}; written to {args.out / 'train.json'}")


def _repair(args: argparse.Namespace) -> int:
    from custom.labels.repair import describe, diagnose, repair
    from custom.labels.repairs import REPAIRS, Options

    options = Options(args.sizes_from, args.categories_from, args.read_as)
    if args.out is None:
        diagnosis = diagnose(args.ann_file, options)
        print(describe(args.ann_file, diagnosis))
        return int(bool(diagnosis.error))
    names = [name for name in REPAIRS if getattr(args, name.replace("-", "_"))]
    changes = repair(args.ann_file, names, args.out, options, args.max_repaired)
    counts = ", ".join(f"{name} {sum(c.repair == name for c in changes)}" for name in names)
    print(f"{counts or 'no repairs'}; written to {args.out}")
    return 0


def _apply(args: argparse.Namespace) -> None:
    from custom.labels import apply_patches

    applied = apply_patches(args.ann_file, args.patches, args.out, args.overwrite)
    counts = ", ".join(f"{kind} {count}" for kind, count in applied.counts.items())
    print(f"{counts}; written to {applied.out}")
    print(f"val images may be among them: labels.py score {args.ann_file} {applied.out} --runs ...")


def _diff(args: argparse.Namespace) -> None:
    from custom.labels import diff_annotations, write_patch
    from custom.labels.command import default_author
    from custom.labels.patch import refuse_replacing

    if not args.overwrite:
        refuse_replacing(args.out)
    author, by_stem = args.author or default_author(), args.match == "stem"
    diff = diff_annotations(args.old, args.new, author, args.reason, by_stem, args.scale)
    write_patch(args.out, diff.edits)
    print(f"{len(diff.edits)} edits written to {args.out}")
    if diff.repeated:
        print(
            f"note: {diff.repeated} edits are on exact copies of a box, which a patch names once: "
            "apply this one, and compare again"
        )
    for new, old in list(diff.renamed.items())[:1]:
        print(f"note: {len(diff.renamed)} images were matched by their stems: {new} is {old}, ...")
    for names, what in ((diff.missing, "missing in"), (diff.unknown, "only in")):
        if names:
            print(
                f"note: {len(names)} images are {what} {args.new} and left alone: {names[0]}, ..."
            )


def _score(args: argparse.Namespace) -> None:
    from custom.labels.both import score_under_both
    from custom.runs import find_runs

    print(f"{'run':40} {args.old.name:>16} {args.new.name:>16}  changed val images  metric")
    for row in score_under_both(find_runs(args.runs), args.old, args.new):
        print(f"{row.run:40} {row.old:16.4f} {row.new:16.4f}  {row.changed:18}  {row.metric}")


if __name__ == "__main__":
    run_tool(main)
