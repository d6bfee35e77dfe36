"""From predictions to a checked submission file, or the check alone."""

from __future__ import annotations

import hashlib
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from custom.boxes import FloatArray
from custom.competition import competition_of, runs_among
from custom.errors import PodiumError
from custom.evaluation import Metric, best_score_thr, match_for, score_at_best
from custom.file_sets import complete, together
from custom.files import PathLike, check_plain_name, check_replaceable, sha256_of, write_bytes
from custom.leaderboard.command import last_shares
from custom.leaderboard.ledger import LEDGER
from custom.runs import Run, is_run, read_run
from custom.submission.admit import repair
from custom.submission.checker import blocks, check_submission
from custom.submission.checks.subject import Issue
from custom.submission.formats import format_for, format_of
from custom.submission.meta import SUFFIX, Meta, ValEntry, meta_file_of, read_meta, write_meta
from custom.submission.reader import read_submission
from custom.submission.writer import write_submission
from custom.tables import Categories, Images, Predictions
from custom.tables.coco import read_ground_truth
from custom.thresholds.applying import above, kept_thresholds
from custom.typed_json import known


@dataclass(frozen=True)
class Context:
    """What a submission is judged by; None where it is not known.

    Attributes:
        images: The test images.
        categories: The classes.
        val_shares: Each class's share of the annotated boxes, shape (C,).
        last_shares: Each class's share of the scores in the last submission, shape (C,).
        like: Another submission of the same images.
    """

    images: Images | None = None
    categories: Categories | None = None
    val_shares: FloatArray | None = None
    last_shares: FloatArray | None = None
    like: Predictions | None = None


@dataclass(frozen=True)
class CheckedSubmission:
    """What became of a submission.

    Attributes:
        issues: What is wrong with it, errors first.
        written: The file, where one was asked for and nothing blocks it.
        notes: The repairs that were made, counted.
    """

    issues: tuple[Issue, ...]
    written: Path | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_blocked(self) -> bool:
        """Whether it must not be submitted."""
        return blocks(self.issues)


def context_of(
    path: PathLike,
    images_file: PathLike | None = None,
    train_file: PathLike | None = None,
    format_name: str = "trash",
    ledger: PathLike = LEDGER,
    like: PathLike | None = None,
) -> Context:
    """Return what a submission is judged by.

    Args:
        path: The submission. Where it is the predictions of a run, or a `.meta.json` beside it
            names runs, these tell the test images and annotations that are not given.
        images_file: The COCO file with the test images and the classes.
        train_file: The COCO file with annotations, to compare the classes' shares with.
        format_name: A key of `FORMATS`.
        ledger: Where the last submission is noted.
        like: Another submission of the same images, to find boxes that stand on other images.

    Raises:
        PodiumError: If a file is not what it should be, or `like` is given without the images.
    """
    run = find_run(path)
    images, categories, val_shares = None, None, None
    if images_file is not None:
        listed = read_ground_truth(images_file)
        images, categories = listed.images, listed.categories
    elif run is not None and "test" in run.record.data:
        images, categories = run.test_set()
    if categories is not None and (train_file is not None or run is not None):
        annotated = read_ground_truth(train_file or run.annotated_file)  # type: ignore[union-attr]
        if annotated.categories != categories:
            raise PodiumError(
                f"{annotated.source} must have the classes of the test images "
                f"({', '.join(categories.names)}), but has {', '.join(annotated.categories.names)}"
            )
        counts = np.bincount(annotated.labels, minlength=len(categories))
        val_shares = counts / max(1, annotated.num_boxes)
    last = last_shares(ledger, categories, format_name) if categories is not None else None
    other = None
    if like is not None:
        if images is None:
            raise PodiumError(f"{like}: to compare with it, name the images by --images test.json")
        other = read_submission(like, format_name, images, categories)
    return Context(images, categories, val_shares, last, other)


def find_run(path: PathLike) -> Run | None:
    """Return the run that a file belongs to, or the first that its meta file names."""
    path = Path(path)
    folder = path.parent / path.stem
    if not is_run(folder) and (names := read_meta(path).runs):
        folder = path.parent.parent / "runs" / names[0]
    return read_run(folder) if is_run(folder) else None


def check(
    path: PathLike, context: Context, format_name: str = "trash", metric: str | None = None
) -> CheckedSubmission:
    """Look for what is wrong with a submission file."""
    raw_scores = read_meta(path).keeps_raw_scores
    return CheckedSubmission(tuple(_issues(path, context, format_name, metric, raw_scores)))


def export(
    path: PathLike,
    context: Context,
    format_name: str = "trash",
    out: PathLike | None = None,
    clip: bool = False,
    drop_degenerate: bool = False,
    max_repaired: float | None = None,
    overwrite: bool = False,
    metric: str | None = None,
    score_thr: float = 0.0,
    by_class: bool = False,
) -> CheckedSubmission:
    """Write predictions in a competition's format and check what was written.

    A file that is blocked is not left behind, and what was there stays. Beside the submission
    `<name>.meta.json` says which run it came from, for the ledger.

    Where the metric punishes every false box, the boxes of a run are cut at the score threshold
    that is best on its out-of-fold predictions.

    Args:
        path: COCO results, or a CSV file in the format.
        context: What it is judged by; images and classes must be known.
        format_name: A key of `FORMATS`.
        out: The file to write; `submissions/<name>.csv` where None.
        clip: Limit boxes to their images.
        drop_degenerate: Drop boxes with x2 <= x1 or y2 <= y1.
        max_repaired: The largest share of the boxes that these two may touch; see `repair`.
        overwrite: Replace a file of that name with another content.
        metric: What decides, a name in `custom.evaluation.METRICS`; the competition's where None.
        score_thr: Leave out boxes of lower score; 0 chooses, where the metric needs a threshold.
        by_class: Leave out boxes below the run's thresholds by class, as `tools/thresholds.py`
            chose them.

    Raises:
        PodiumError: If images and classes are not known, the predictions are not readable, or the
            file exists.
    """
    form = format_of(format_name)
    out = Path(out) if out else Path("submissions") / f"{Path(path).stem}{form.suffix}"
    if context.images is None or context.categories is None:
        raise PodiumError(f"{path}: the test images must be known; name them by --images test.json")
    table = read_submission(path, format_name, context.images, context.categories)
    table, notes = repair(table, context.images, format_name, clip, drop_degenerate, max_repaired)
    chosen = competition_of(runs_among([path]), metric, format_name).metric
    if by_class:
        table, cut = _cut_by_class(table, Path(path), context.categories)
    else:
        table, cut = _cut(table, Path(path), chosen, score_thr)
    notes = [*notes, *cut]
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / out.name
        write_submission(trial, table, context.images, context.categories, format_name)
        raw_scores = read_meta(path).keeps_raw_scores
        issues = tuple(_issues(trial, context, format_name, chosen.name, raw_scores))
        if blocks(issues):
            return CheckedSubmission(issues, notes=tuple(notes))
        content = trial.read_bytes()
    check_plain_name(out.name, "a submission's name")
    complete(out.parent)
    meta = _meta_of(Path(path), chosen)
    digest = hashlib.sha256(content).hexdigest()
    files = [out] if meta is None else [out, meta_file_of(out)]
    check_replaceable(
        files, [path], overwrite, lambda file: _is_of(file, Path(path), digest), "use --overwrite"
    )
    with together(out.parent, out.stem) as new:
        write_bytes(new / out.name, content)
        if meta is not None:
            write_meta(new / out.name, meta, digest)
    return CheckedSubmission(issues, out, tuple(notes))


def _is_of(file: Path, source: Path, digest: str) -> bool:
    """Whether a file is what a submission with that hash would be, or the record of it."""
    if not file.name.endswith(SUFFIX):
        return sha256_of(file) == digest
    return file == meta_file_of(source) or read_meta(file).hash == digest


def _issues(
    path: PathLike, context: Context, format_name: str, metric: str | None, raw_scores: bool
) -> list[Issue]:
    form = format_for(path, format_name)
    given = (context.images, context.categories, context.val_shares, context.last_shares)
    return check_submission(path, form.name, *given, context.like, metric, raw_scores)


def _cut(
    table: Predictions, path: Path, metric: Metric, score_thr: float
) -> tuple[Predictions, list[str]]:
    """Return the boxes above the score threshold, and where that is from."""
    source = "--score-thr"
    if not score_thr and metric.punishes_false_boxes:
        if is_run(path):
            run = read_run(path)
            matches = match_for(run.val_ground_truth, run.val_predictions(), metric)
            score_thr, source = best_score_thr(matches, metric), f"best for {metric.title} on val"
        elif not meta_file_of(path).is_file():  # else it was chosen when it was fused
            return table, [
                f"{metric.title} falls with every false box, and no score threshold was chosen; "
                "write the predictions of a run, or give --score-thr"
            ]
    if not 0 <= score_thr <= 1:
        raise PodiumError(f"score_thr must be between 0 and 1, but is {score_thr}")
    kept = table.scores >= score_thr
    if kept.all():
        return table, []
    note = f"{(~kept).sum()} of {table.num_boxes} boxes are below the score threshold {score_thr:g}"
    return table.keep(kept), [f"{note} ({source}) and left out"]


def _cut_by_class(
    table: Predictions, path: Path, categories: Categories
) -> tuple[Predictions, list[str]]:
    """Return the boxes that reach the thresholds of their classes, which the run keeps."""
    if not is_run(path):
        raise PodiumError(f"--thresholds must be of a run, but {path} is not the file of one")
    run = read_run(path)
    kept = above(table, categories, kept_thresholds(run, categories))
    assert run.record.threshold_choice is not None  # or there were no thresholds
    goal = run.record.threshold_choice.goal
    note = f"{(~kept).sum()} of {table.num_boxes} boxes are below the thresholds of their classes"
    return table.keep(kept), [f"{note} ({goal}) and left out"]


def _meta_of(source: Path, metric: Metric) -> Meta | None:
    """Return what is known of where a submission came from: its ensemble's record, or its run's."""
    if meta_file_of(source).is_file():
        return read_meta(source)
    run = find_run(source)
    if run is None:
        return None
    value = run.record.value(metric.name)
    if math.isnan(value) and metric.name != run.record.metric:
        value = score_at_best(run.val_ground_truth, run.val_predictions(), metric).value
    val = ValEntry(metric.name, known(value))
    return Meta((run.name,), split_hash=run.split_hash, val=val)
