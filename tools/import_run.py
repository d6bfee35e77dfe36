r"""Make runs of predictions from elsewhere, which are then gated, fused, reviewed as any others.

One fold:      import_run.py yolo --val val.csv --test test.csv --split data/x/splits/5f --fold 0
Several folds: import_run.py yolo --val 'f{fold}/val.csv' --test 'f{fold}/test.csv' \
                   --split data/x/splits/5f --folds 0 1 2 3 4
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from custom.errors import run_tool


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("name", help="of the run; with --folds of the model, whose runs are NAME_fold0, ...")
    add("--val", required=True, metavar="FILE", help="predictions on the fold: CSV, COCO results")
    add("--test", metavar="FILE", help="predictions on the test set")
    add("--split", required=True, metavar="DIR", help="the sealed split")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--fold", type=int, help="whose val images the model has not seen")
    which.add_argument("--folds", type=int, nargs="+", help="several; {fold} stands in file names")
    add("--ann", metavar="FILE", help="the annotations (the sealed file, beside the split)")
    add("--test-images", metavar="FILE", help="lists the test images (test.json beside these)")
    add("--format", help="of the competition and of CSV files (trash)")
    add("--metric", help="of the competition (that of the format)")
    add("--trainer", default="", help="what trained it: 'ultralytics 8.4'")
    add("--note", default="", help="what you want to remember")
    add("--runs", type=Path, default=Path("runs"), help="where runs lie (%(default)s)")
    add("--clip", action="store_true", help="limit boxes to their images")
    add("--drop-degenerate", action="store_true", help="drop boxes without area")
    add("--max-repaired", type=float, metavar="SHARE", help="of the boxes that these may touch")
    add("--match", choices=("name", "stem"), default="name",
        help="stem: names that Label Studio or Roboflow changed (%(default)s)")  # fmt: skip
    add("--overwrite", action="store_true", help="replace an imported run of that name")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int | None:
    """Import, and print what each run scores on its fold."""
    args = parse_args(argv)
    from custom.runs.importing import ImportRequest, import_runs

    folds = args.folds if args.fold is None else [args.fold]
    request = ImportRequest(
        args.name, args.val, args.split, folds, args.test, args.ann, args.test_images,
        args.format, args.metric, args.trainer, args.note, args.runs,
        args.clip, args.drop_degenerate, args.max_repaired, args.overwrite,
        args.match == "stem",
    )  # fmt: skip
    for each in import_runs(request):
        record = each.run.record
        for warning in each.warnings:
            print(f"warning: {warning}")
        print(
            f"{each.run.folder}: {record.metric} {record.value():.4f} on the {each.num_images} "
            f"images of fold {record.fold}"
        )
    return None


if __name__ == "__main__":
    run_tool(main)
