"""Fuse the predictions of several models into one submission, scored on val by the metric.

Scores every model and the ensemble on the sealed val split, fuses the test predictions with the
same parameters, and writes submissions/<name>.json and .csv.
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from custom.ensemble.options import add_fusion_options, fusion_of, is_auto
from custom.errors import run_tool

if TYPE_CHECKING:
    from custom.ensemble.choosing import Choice
    from custom.ensemble.fusion import Fusion
    from custom.ensemble.inputs import Inputs
    from custom.ensemble.preparing import Repairs
    from custom.ensemble.recipe import Recipe
    from custom.evaluation import Metric

EXIT_NO_GAIN = 1
EXIT_NOT_FIT = 1
# Where a search leaves what it found; an automatic choice lies beside the submission.
SEARCHED = "submissions/recipe.json"
REMEDY = "name another file with --recipe-out, use --overwrite, or replay it with --recipe"


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("predictions", nargs="+", help="runs/*.json, or files from anywhere")
    fusing = add_fusion_options(parser, with_auto=True)
    fusing.add_argument(
        "--score-thr",
        type=float,
        default=0.0,
        help="leave out fused boxes of lower score (the best on val, where the metric needs one)",
    )
    repairs = parser.add_argument_group("repairs, each counted")
    repairs.add_argument("--clip", action="store_true", help="limit boxes to their images")
    repairs.add_argument("--drop-degenerate", action="store_true", help="drop x2 <= x1, y2 <= y1")
    repairs.add_argument("--dedupe", action="store_true", help="drop each model's own duplicates")
    repairs.add_argument(
        "--max-repaired",
        type=float,
        metavar="SHARE",
        help="of a file's boxes that --clip and --drop-degenerate may touch (0.02)",
    )
    search = parser.add_argument_group("search on val")
    search.add_argument("--search", action="store_true", help="find method, thresholds, weights")
    search.add_argument("--trials", type=int, default=300)
    search.add_argument("--seed", type=int, default=42)
    search.add_argument("--per-class", action="store_true", help="a fusion for each class")
    search.add_argument(
        "--storage",
        metavar="FILE",
        help="the trials, to go on from and to share with workers (beside the recipe, as .trials)",
    )
    search.add_argument("--worker", type=int, default=0, help="number of this process, from 0")
    search.add_argument(
        "--recipe-out",
        metavar="FILE",
        help=f"what was found ({SEARCHED}; of --method auto: beside the submission)",
    )
    search.add_argument("--recipe", metavar="FILE", help="replay what was found")
    search.add_argument(
        "--by-order",
        action="store_true",
        help="with --recipe and no labelled images: files in the recipe's order, not by name",
    )
    files = parser.add_argument_group("files")
    files.add_argument("--ann", help="labelled images that the files cover: score on them")
    files.add_argument("--images", help="COCO file with the full list of images")
    files.add_argument(
        "--val",
        nargs="+",
        default=(),
        metavar="FILE",
        help="the same models' files on the images of --ann, where the others are on --images",
    )
    files.add_argument("--format", help="of the CSV files (the competition's)")
    files.add_argument("--metric", help="what decides (the competition's)")
    files.add_argument("--out", default="submissions", help="the folder to write to")
    files.add_argument("--name", help="of the submission (made from its content)")
    files.add_argument("--overwrite", action="store_true", help="replace a submission of that name")
    parser.add_argument(
        "--report",
        action="store_true",
        help="also print what low scores and long lists are worth on val, and what moved",
    )
    parser.add_argument("--strict", action="store_true", help="fail where no gain is significant")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Score, fuse, write, and print the table."""
    args = parse_args(argv)
    from custom.competition import competition_of, runs_among
    from custom.ensemble.evaluate import evaluate
    from custom.ensemble.inputs import read_inputs
    from custom.ensemble.report import detail_lines, evaluation_lines
    from custom.ensemble.submit import Target, submit
    from custom.files import check_plain_name

    if args.name is not None:  # before a search
        check_plain_name(args.name, "a submission's name")
    repairs, recipe = repairs_and_recipe(args)
    metric = args.metric
    if metric is None and args.format is None and recipe is not None:
        metric = recipe.search.get("metric")
    competition = competition_of(runs_among(args.predictions), metric, args.format)
    files = (args.predictions, args.ann, args.images, competition.format_name, args.val)
    inputs, notes = read_inputs(*files).prepared(repairs, competition.format_name)
    chosen = choose(args, inputs, repairs, competition.metric, recipe)
    inputs, fusion, automatic = chosen.inputs, chosen.fusion, chosen.automatic
    by_file, evaluation = fusion.by_file, None
    if inputs.val:
        evaluation = evaluate(inputs.val, fusion.by_model, competition.metric)
        by_file = by_file.above(evaluation.score_thrs[-1])
    known = (competition.metric, by_file.final_score_thr, inputs.notes, automatic is not None)
    print("\n".join(evaluation_lines(evaluation, *known)))
    if args.report and evaluation:
        print("\n".join(detail_lines(evaluation)) + "\n")
    if args.strict and not (evaluation and evaluation.is_gain and chosen.is_gain):
        print("nothing written: --strict asks for a significant gain over the best single model")
        return EXIT_NO_GAIN
    is_known = evaluation and inputs.is_scored_as_submitted and fusion.is_one
    fused = evaluation.fusion if evaluation and is_known else None
    read = [*args.predictions, *args.val, *filter(None, (args.ann, args.images, args.recipe))]
    target = Target(
        folder=Path(args.out),
        name=args.name,
        format_name=competition.format_name,
        overwrite=args.overwrite,
        metric=competition.metric.name,
        inputs=tuple(read),
        recipe_file=args.recipe_out,
    )
    written = submit(inputs, by_file, chosen.repairs, evaluation, target, fused, chosen.recipe)
    for note in (*notes, *fusion.notes, *written.notes):
        print(f"note: {note}")
    for issue in written.issues:
        print(issue)
    print(f"{written.num_boxes} boxes on {len(inputs.images)} images")
    if not written.is_fit:
        print("nothing written: the submission would be blocked")
        return EXIT_NOT_FIT
    print(f"written {' and '.join(map(str, written.files))}")
    if written.recipe_file:
        print(f"to fuse other files of these models alike: --recipe {written.recipe_file}")
    if automatic and inputs.val and not automatic.comparison.is_gain:
        from custom.ensemble.auto_report import advice_line

        print(advice_line(automatic, inputs.val.names, written.upload))
    return 0


def repairs_and_recipe(args: argparse.Namespace) -> tuple[Repairs, Recipe | None]:
    """Return the repairs of the command line and of its recipe, and that, where one is given."""
    from custom.ensemble.preparing import Repairs

    repairs = Repairs(args.clip, args.drop_degenerate, args.dedupe, args.max_repaired)
    if not args.recipe:
        return repairs, None
    from custom.ensemble.recipe import load_recipe

    recipe = load_recipe(args.recipe)
    return repairs.with_those_of(recipe), recipe


def choose(
    args: argparse.Namespace,
    inputs: Inputs,
    repairs: Repairs,
    metric: Metric,
    recipe: Recipe | None,
) -> Choice:
    """Return how to fuse: chosen where val is labelled, or as the command line says."""
    from custom.ensemble.choosing import Choice, can_choose, choose_fusion

    automatic = is_auto(args)
    is_said = recipe is not None or args.search
    if not is_said and (can_choose(inputs) if automatic is None else automatic):
        chosen = choose_fusion(inputs, metric, repairs, args.score_thr)
        if chosen.automatic and inputs.val:
            from custom.ensemble.auto_report import auto_lines

            lines = auto_lines(chosen.automatic, inputs.val.names, metric)
            print("\n".join(lines) + "\n")
        return chosen
    return Choice(given_fusion(args, inputs, repairs, metric, recipe), inputs, repairs)


def given_fusion(
    args: argparse.Namespace,
    inputs: Inputs,
    repairs: Repairs,
    metric: Metric,
    recipe: Recipe | None,
) -> Fusion:
    """Return the fusion of the command line, of a recipe, or of a search by the metric."""
    from custom.ensemble.fusion import Fusion

    if recipe is not None and inputs.val is None:
        classes = inputs.categories.names
        return Fusion.of_named_files(recipe, inputs.names, classes, args.by_order)
    if recipe is not None and inputs.val is not None:
        return Fusion.of_recipe(recipe, inputs.val)
    if args.search:
        return search(args, inputs, repairs, metric)
    config = fusion_of(args, metric.is_of_labels, final_score_thr=args.score_thr)
    return Fusion.of_config(config, inputs)


def search(args: argparse.Namespace, inputs: Inputs, repairs: Repairs, metric: Metric) -> Fusion:
    """Search a fusion, print what it is worth, and write its recipe."""
    from custom.ensemble.choosing import search_recipe
    from custom.ensemble.fusion import Fusion
    from custom.ensemble.recipe import is_of_search, is_recipe_file, write_recipe
    from custom.ensemble.report import search_lines
    from custom.ensemble.search.studies import SearchSettings
    from custom.errors import PodiumError
    from custom.files import check_replaceable

    recipe_out = args.recipe_out or SEARCHED
    storage = Path(args.storage or Path(recipe_out).with_suffix(".trials"))
    if storage == Path(recipe_out):
        raise PodiumError(f"{storage} cannot hold both the recipe and its trials; give --storage")
    settings = SearchSettings(
        trials=args.trials,
        seed=args.seed,
        metric=metric.name,
        per_class=args.per_class,
        storage=storage,
        worker=args.worker,
    )
    models = inputs.val.identities if inputs.val is not None else {}
    free = partial(check_replaceable, [recipe_out], args.predictions, args.overwrite, remedy=REMEDY)
    # The same search, for instance one killed after its recipe, goes on to the same end.
    free(lambda path: is_of_search(path, models, settings))
    result, recipe = search_recipe(inputs, settings, repairs)
    print("\n".join(search_lines(result, list(recipe.models))))
    free(lambda path: is_recipe_file(path, recipe))
    write_recipe(recipe_out, recipe)
    print(f"written {recipe_out}\n")
    assert inputs.val is not None  # the search refused it
    return Fusion.of_recipe(recipe, inputs.val)


if __name__ == "__main__":
    gc.disable()  # looking for cycles, of which there are few, takes a tenth of the time
    run_tool(main, leaves_at_once=True)
