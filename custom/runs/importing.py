"""Predictions made elsewhere become runs like any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from custom.competition import competition_of
from custom.errors import PodiumError
from custom.evaluation.metrics import usual_metrics
from custom.file_sets import together
from custom.files import PathLike, check_plain_name, sha256_of
from custom.runs.entries import Source, SplitEntry, Trainer
from custom.runs.foreign import Place, read_foreign
from custom.runs.making import measured, put_run, refuse_taken, task_shown
from custom.runs.record import RunRecord, data_entry
from custom.runs.run import Run, read_run
from custom.splits import Split, read_split, select_part
from custom.splits.check import find_annotations
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth

# Stands in the names of files for the number of the fold.
FOLD = "{fold}"
TEST_LIST = "test.json"


@dataclass(frozen=True)
class ImportRequest:
    """What is to be imported.

    Attributes:
        name: Of the run, or of the model where there are several folds.
        val: Its predictions on the fold, COCO results or CSV; with `{fold}` for several folds.
        split: The sealed split.
        folds: Whose val images it has not seen.
        test: Its predictions on the test set, the same way; None if there are none.
        ann_file: The annotations; the sealed file beside the split if None.
        test_images: The COCO file that lists the test images; `test.json` beside the annotations
            if None.
        format_name: Of CSV files, and of the competition; not known if None.
        metric: The competition's metric; that of the format if None.
        trainer: What trained it, such as "ultralytics 8.4".
        note: What the team wants to remember.
        folder: Where runs lie.
        clip: Limit boxes to their images.
        drop_degenerate: Drop boxes with x2 <= x1 or y2 <= y1.
        max_repaired: The largest share of the boxes that these two may touch; None: 2%.
        overwrite: Whether a run of that name that was imported may be replaced.
        by_stem: Whether names that a labelling tool has changed are matched by their stems.
    """

    name: str
    val: str
    split: PathLike
    folds: Sequence[int]
    test: str | None = None
    ann_file: PathLike | None = None
    test_images: PathLike | None = None
    format_name: str | None = None
    metric: str | None = None
    trainer: str = ""
    note: str = ""
    folder: Path = Path("runs")
    clip: bool = False
    drop_degenerate: bool = False
    max_repaired: float | None = None
    overwrite: bool = False
    by_stem: bool = False


@dataclass(frozen=True)
class ImportedRun:
    """A run that was imported.

    Attributes:
        run: The run.
        num_images: The images of its fold.
        warnings: What a person must know of its files.
    """

    run: Run
    num_images: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Checked:
    """A run that can be written."""

    folder: Path
    record: RunRecord
    gt: GroundTruth
    val: Predictions
    test: Predictions | None
    warnings: tuple[str, ...]


def import_runs(request: ImportRequest) -> list[ImportedRun]:
    """Check the files of every fold, then write the runs: all of them, or none.

    Raises:
        PodiumError: If the request does not fit together, a file does not fit its images, or a
            run of that name is there.
    """
    _check(request)
    split = read_split(request.split)
    ann_file = request.ann_file or _sealed_annotations(split)
    annotations = read_ground_truth(ann_file)
    checked = [_checked(request, split, annotations, fold) for fold in request.folds]
    with together(request.folder, request.name) as new:
        for each in checked:
            place = new / each.folder.name
            put_run(place, each.record, each.gt.categories, each.val, each.test)
    return [ImportedRun(read_run(c.folder), len(c.gt.images), c.warnings) for c in checked]


def _sealed_annotations(split: Split) -> Path:
    """Return the annotations of the val images, by a path like the split's own where it can be."""
    found = find_annotations(split, "val")
    data = split.folder.parent.parent
    beside = data / found.relative_to(data.resolve())
    return beside if beside.is_file() and beside.samefile(found) else found


def _check(request: ImportRequest) -> None:
    check_plain_name(request.name, "a run's name")
    if not request.folds or len(set(request.folds)) != len(request.folds):
        raise PodiumError(f"folds must be different numbers, but are {list(request.folds)}")
    for option, pattern in (("--val", request.val), ("--test", request.test)):
        if len(request.folds) > 1 and pattern is not None and FOLD not in pattern:
            raise PodiumError(
                f"{option} must have {FOLD} where the number of the fold stands, since there are "
                f"{len(request.folds)} folds, but is {pattern}"
            )


def _checked(request: ImportRequest, split: Split, annotations: GroundTruth, fold: int) -> _Checked:
    """Return the run of one fold, after looking at its files."""
    name = request.name if len(request.folds) == 1 else f"{request.name}_fold{fold}"
    folder = request.folder / name
    refuse_taken(folder, request.overwrite)
    gt = annotations.take(select_part(split, fold, "val", annotations.images))
    competition = competition_of((), request.metric, request.format_name)
    metric = competition.metric
    repairs = (request.clip, request.drop_degenerate, request.max_repaired, request.by_stem)
    options = (competition.format_name, metric, *repairs)
    files, data = [request.val.replace(FOLD, str(fold))], {"val": data_entry(annotations.source)}
    place = Place.of_fold(f"fold {fold}", gt, annotations)
    val, warnings = read_foreign(files[0], place, *options)
    test = None
    if request.test is not None:
        listed = _test_images(request, annotations)
        files.append(request.test.replace(FOLD, str(fold)))
        place = Place("the test set", listed.images, listed.categories, listed.images)
        test, more = read_foreign(files[1], place, *options)
        warnings += more
        data["test"] = data_entry(listed.source)
    record = RunRecord(
        name=name,
        split=SplitEntry(str(split.folder), split.hash),
        fold=fold,
        data=data,
        metrics=measured(gt, val, usual_metrics(metric.name)),
        trainer=trainer_of(request.trainer),
        made_from=tuple(Source(path, sha256_of(path)) for path in files),
        model=request.name,
        metric=metric.name,
        task=task_shown(gt, metric),
        submission_format=request.format_name or "",
        note=request.note,
    )
    return _Checked(folder, record, gt, val, test, tuple(warnings))


def _test_images(request: ImportRequest, annotations: GroundTruth) -> GroundTruth:
    """Read the file that lists the test images, which has the classes of the annotations."""
    beside = Path(annotations.source).with_name(TEST_LIST)
    path = Path(request.test_images or beside)
    if not path.is_file():
        raise PodiumError(
            f"the test images must be listed in a COCO file, but there is no {path}; name it by "
            "--test-images"
        )
    listed = read_ground_truth(path)
    if listed.categories != annotations.categories:
        raise PodiumError(
            f"{path} must have the classes of {annotations.source} "
            f"({', '.join(annotations.categories.names)}), but has "
            f"{', '.join(listed.categories.names)}"
        )
    return listed


def trainer_of(text: str) -> Trainer | None:
    """Return `ultralytics 8.4` as name and version; None for no text."""
    name, _, version = text.strip().rpartition(" ")
    if name and version[:1].isdigit():
        return Trainer(name, version)
    return Trainer(text.strip()) if text.strip() else None
