"""Runs that are made and not trained: written whole, with what they were made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from custom.boxes import TOLERANCE_PX
from custom.errors import PodiumError
from custom.evaluation import Metric, metric_of, score_at_best
from custom.evaluation.metrics import usual_metrics
from custom.file_sets import complete, together
from custom.files import check_plain_name, sha256_of
from custom.run_folder import RECORD
from custom.runs.entries import MetricValue, Source, Trainer
from custom.runs.procedure import predictions_entry
from custom.runs.record import RunRecord, write_record
from custom.runs.run import Run, read_run
from custom.tables import Categories, GroundTruth, Predictions
from custom.tables.coco import write_results
from custom.typed_json import known


def refuse_taken(folder: Path, overwrite: bool) -> None:
    """Refuse to write over a run, unless it was made from files or runs too and may be replaced.

    Raises:
        PodiumError: If there is something that may not be replaced.
    """
    complete(folder.parent)
    if not folder.exists() and not folder.with_name(f"{folder.name}.json").exists():
        return
    if overwrite and (folder / RECORD).is_file() and read_run(folder).record.made_from:
        return
    raise PodiumError(
        f"{folder} must be free, but exists; choose another name, or --overwrite a run that was "
        "imported or made from others"
    )


def write_run(
    folder: Path,
    record: RunRecord,
    categories: Categories,
    val: Predictions,
    test: Predictions | None,
) -> Run:
    """Write a run and its test predictions, both or neither."""
    with together(folder.parent, folder.name) as new:
        put_run(new / folder.name, record, categories, val, test)
    return read_run(folder)


def put_run(
    folder: Path,
    record: RunRecord,
    categories: Categories,
    val: Predictions,
    test: Predictions | None,
) -> None:
    """Write a run's folder and, beside it, its test predictions where nothing is yet."""
    write_results(folder / "val.json", val, categories)
    predictions = {"val": predictions_entry(folder / "val.json")}
    if test is not None:
        test_file = folder.with_name(f"{folder.name}.json")
        write_results(test_file, test, categories)
        predictions["test"] = predictions_entry(test_file)
    write_record(folder, replace(record, predictions=predictions))


def run_of_runs(
    name: str,
    sources: Sequence[Run],
    gt: GroundTruth,
    val: Predictions,
    test: Predictions | None,
    trainer: Trainer,
    note: str,
    overwrite: bool = False,
) -> Run:
    """Write the run that was made from runs, beside the first, whose competition and fold it has.

    Args:
        name: The new run's.
        sources: What it was made from; the first is the one that it is a version of.
        gt: The boxes of the first's fold.
        val: The new predictions on them.
        test: The new predictions on the test set; None if there are none.
        trainer: What made it.
        note: How it was made.
        overwrite: Whether a run of that name that was made so may be replaced.

    Raises:
        PodiumError: If the name is not plain, or taken.
    """
    first = sources[0]
    folder = first.folder.with_name(check_plain_name(name))
    refuse_taken(folder, overwrite)
    made_from = tuple(
        Source(str(path), sha256_of(path), run.name)
        for run in sources
        for path in (run.folder / "val.json", run.test_file)
        if path.is_file()
    )
    old = first.record
    record = RunRecord(
        name=name,
        split=old.split,
        fold=first.val_fold,
        data={part: entry for part, entry in old.data.items() if part != "test" or test},
        metrics=measured(gt, val, usual_metrics(old.metric)),
        task=old.task,
        exclusive=old.exclusive,
        trainer=trainer,
        made_from=made_from,
        competition=old.competition,
        model=f"{first.group} {trainer}",
        seed=old.seed,
        metric=old.metric,
        submission_format=old.submission_format,
        pseudo_labels=old.pseudo_labels,
        note=note,
    )
    return write_run(folder, record, gt.categories, val, test)


def task_shown(gt: GroundTruth, metric: Metric) -> str:
    """Return the task of predictions from elsewhere: what their metric and boxes show."""
    if not metric.is_of_labels:
        return "detection"
    sizes = gt.images.sizes_hw[gt.image_index]
    whole = np.column_stack([np.zeros_like(sizes), sizes[:, ::-1]])
    return "image" if np.allclose(gt.bboxes, whole, rtol=0, atol=TOLERANCE_PX) else "region"


def measured(
    gt: GroundTruth, predictions: Predictions, metrics: Sequence[str | Metric]
) -> dict[str, MetricValue]:
    """Return what metrics give, as a record has it: null where there is nothing to score."""
    found = {}
    for metric in map(metric_of, metrics):
        result = score_at_best(gt, predictions, metric)
        by_class = zip(result.class_names, result.per_class.tolist(), strict=True)
        per_class = {label: known(value) for label, value in by_class}
        found[metric.name] = MetricValue(known(result.value), per_class)
    return found
