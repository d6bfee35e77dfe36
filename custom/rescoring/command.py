"""A run of corrected scores, made from a detector's run and a classifier's, and gated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from custom import __version__
from custom.errors import PodiumError
from custom.evaluation import metric_of
from custom.files import PathLike
from custom.gate.runs import gate_runs
from custom.gate.verdict import Verdict
from custom.rescoring.choosing import Chosen, choose_number
from custom.rescoring.methods import Method, method_of, rescored
from custom.rescoring.opinions import Classified, heads_of, opinions_on
from custom.runs import Run, Trainer, find_runs, read_run
from custom.runs.making import run_of_runs
from custom.tables import Categories, Predictions


@dataclass(frozen=True)
class Request:
    """What is to be rescored.

    Attributes:
        run: The detector's run.
        classifiers: The classifier's runs, or patterns: one is enough if its fold is the same.
        how: A name of `METHODS`.
        out: The new run's name; the run's with `_rescored` if None.
        overwrite: Whether a run of that name that was made so may be replaced.
    """

    run: PathLike
    classifiers: Sequence[str]
    how: str = "multiply"
    out: str | None = None
    overwrite: bool = False


@dataclass(frozen=True, eq=False)
class Rescored:
    """A run that was rescored.

    Attributes:
        run: The new run.
        baseline: What it was made from.
        method: How.
        chosen: With which number, and what that gives.
        without_head: The classes that the classifier says nothing of.
        verdict: The gate's.
    """

    run: Run
    baseline: Run
    method: Method
    chosen: Chosen
    without_head: tuple[str, ...]
    verdict: Verdict


def rescore_run(request: Request) -> Rescored:
    """Correct a run's scores by a classifier's, write the run, and gate it against the old.

    Val has each image's boxes by the number that was chosen without it, so that the gate judges
    the choice too; the test set has the number chosen on all images of val.

    Raises:
        PodiumError: If the classifier has not predicted what the detector has, has no head for its
            classes, or the name is taken; nothing is written then.
    """
    method, run, classifiers = method_of(request.how), *_runs(request)
    gt, raw = run.val_ground_truth, run.val_predictions()
    of_regions = classifiers[0].record.task == "region"
    categories, val = _classified(classifiers, "val")
    heads = heads_of(gt.categories, categories)
    opinions = opinions_on(raw, gt.images, heads, val, of_regions)
    metric = metric_of(run.record.metric)
    chosen = choose_number(gt, raw, opinions, method, metric)
    test = _test(run, classifiers, heads, method, chosen.number, of_regions)
    name = request.out or f"{run.name}_rescored"
    note = (
        f"{method.name}, {method.parameter} {chosen.number:g} on the test set and "
        f"{', '.join(f'{n:g}' for n in sorted(set(chosen.by_fold)))} on val, where each image has "
        "the one that was chosen without it"
    )
    trainer = Trainer("podium rescore", __version__)
    sources = [run, *classifiers]
    made = run_of_runs(name, sources, gt, chosen.predictions, test, trainer, note,
                       request.overwrite)  # fmt: skip
    without = tuple(n for n, head in zip(gt.categories.names, heads, strict=True) if head < 0)
    verdict = gate_runs([str(made.folder)], [str(run.folder)])
    return Rescored(made, run, method, chosen, without, verdict)


def _runs(request: Request) -> tuple[Run, list[Run]]:
    run, classifiers = read_run(request.run), find_runs(request.classifiers)
    for each in classifiers:
        if each.record.task not in ("image", "region"):
            raise PodiumError(
                f"--with must name runs of classifiers (task image or region), but {each.name} is "
                f"of task {each.record.task}"
            )
        if each.record.task != classifiers[0].record.task:
            raise PodiumError(
                f"--with must name runs of one classifier, but {classifiers[0].name} is of task "
                f"{classifiers[0].record.task} and {each.name} of task {each.record.task}"
            )
    if run.record.task != "detection":
        raise PodiumError(
            f"a run must be a detector's to be rescored, but {run.name} is of task "
            f"{run.record.task}"
        )
    return run, classifiers


def _classified(classifiers: Sequence[Run], part: str) -> tuple[Categories, list[Classified]]:
    """Return the heads, and what each run of the classifier predicted of a part."""
    found, categories = [], None
    for each in classifiers:
        if part == "val":
            gt = each.val_ground_truth
            images, here, table = gt.images, gt.categories, each.val_predictions()
        else:
            images, here = each.test_set()
            table = each.test_predictions()
        if categories is not None and here != categories:
            raise PodiumError(
                f"--with must name runs of one classifier, but {classifiers[0].name} has the "
                f"heads {', '.join(categories.names)} and {each.name} {', '.join(here.names)}"
            )
        categories = here
        found.append(Classified(each.name, images, table))
    assert categories is not None  # find_runs finds one, or refuses
    return categories, found


def _test(
    run: Run, classifiers: Sequence[Run], heads: np.ndarray, method: Method, number: float,
    of_regions: bool,
) -> Predictions | None:  # fmt: skip
    """Return the test predictions, corrected; None where detector or classifier have none."""
    have = [each for each in classifiers if each.has_test_predictions]
    if not run.has_test_predictions or not have:
        return None
    images, _ = run.test_set()
    table = run.test_predictions()
    opinions = opinions_on(table, images, heads, _classified(have, "test")[1], of_regions)
    return rescored(table, opinions, method, np.full(table.num_boxes, number))
