"""The submission checker: one table of checks, run on a file before it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from custom.boxes import FloatArray
from custom.errors import PodiumError
from custom.files import PathLike
from custom.submission.checks.distribution import (
    check_counts,
    check_labels,
    check_last,
    check_shift,
    check_threshold,
)
from custom.submission.checks.labels import check_label_file
from custom.submission.checks.likeness import check_likeness
from custom.submission.checks.structure import (
    check_columns,
    check_cut,
    check_doubled_ids,
    check_formulas,
    check_ids,
    check_order,
)
from custom.submission.checks.subject import (
    Check,
    Issue,
    Subject,
    subject_of_csv,
    subject_of_table,
)
from custom.submission.checks.values import (
    check_finite,
    check_inside,
    check_scale,
    check_scores,
    check_sides,
)
from custom.submission.csv_file import read_csv
from custom.submission.formats import SubmissionFormat, format_for
from custom.submission.reader import read_submission
from custom.tables import Categories, Images, Predictions

CHECKS: tuple[Check, ...] = (
    check_columns,
    check_ids,
    check_doubled_ids,
    check_order,
    check_cut,
    check_formulas,
    check_finite,
    check_labels,
    check_shift,
    check_scores,
    check_sides,
    check_inside,
    check_scale,
    check_likeness,
    check_last,
    check_threshold,
    check_counts,
)

# Those that look at boxes alone, whatever they are written in.
CHECKS_OF_TABLES: tuple[Check, ...] = (
    check_formulas,
    check_finite,
    check_labels,
    check_scores,
    check_sides,
    check_inside,
    check_scale,
    check_threshold,
    check_counts,
)


def check_submission(
    path: PathLike,
    format_name: str = "trash",
    images: Images | None = None,
    categories: Categories | None = None,
    val_shares: FloatArray | None = None,
    last_shares: FloatArray | None = None,
    like: Predictions | None = None,
    metric: str | None = None,
    raw_scores: bool = False,
) -> list[Issue]:
    """Look for what is wrong with a submission.

    Args:
        path: A CSV file in the format, or COCO results (`.json`).
        format_name: A key of `FORMATS`.
        images: The test images; without them ids, order and image borders are not checked.
        categories: The classes; without them any number from 0 is a class.
        val_shares: Each class's share of the annotated boxes, shape (C,): finds shifted labels.
        last_shares: Each class's share of the scores in the last accepted submission, shape (C,).
        like: Another submission on exactly `images`: finds boxes that stand on other images.
        metric: What decides, where it is not what the format's competition scores by.
        raw_scores: Whether scores above 1 are meant: they are then a warning.

    Returns:
        What was found, errors first; an error blocks the submission.

    Raises:
        PodiumError: If the file cannot be read at all, the format cannot hold the classes, or the
            shares are not one a class.
    """
    form = format_for(path, format_name).scored_by(metric)
    shares = (val_shares, last_shares)
    if any(s is not None and len(s) != len(categories or ()) for s in shares):
        raise PodiumError(
            f"shares must be one a class ({len(categories or ())}), but are "
            f"{[len(s) for s in shares if s is not None]}"
        )
    if form.suffix == ".json":
        table = read_submission(path, form.name, images, categories)
        assert images is not None  # read_submission refuses COCO results without images or classes
        assert categories is not None
        subject = subject_of_table(table, form, images, categories, *shares, like)
        return run_checks(replace(subject, raw_scores=raw_scores))
    if categories is not None:
        form.check_categories(categories)
    if not Path(path).is_file():
        raise PodiumError(f"cannot read {path}: there is no such file")
    try:
        file = read_csv(path)
    except PodiumError as error:
        return [Issue("error", str(error))]
    if form.holds_labels:
        return check_label_file(file, form, images, categories)
    if missing := [column for column in form.columns if column not in file.header]:
        return [_without_columns(missing, file.header, form)]
    subject = subject_of_csv(file, form, images, categories, *shares, like)
    return run_checks(replace(subject, raw_scores=raw_scores))


def run_checks(subject: Subject, checks: Sequence[Check] = CHECKS) -> list[Issue]:
    """Return the issues of all checks, errors first."""
    issues = [issue for check in checks for issue in check(subject)]
    return sorted(issues, key=lambda issue: issue.level != "error")


def check_predictions(
    table: Predictions,
    format_name: str,
    images: Images,
    categories: Categories,
    metric: str | None = None,
    raw_scores: bool = False,
) -> list[Issue]:
    """Look for what is wrong with predictions that are about to be written.

    What only a file can have, as columns and ids, is not looked at.

    Args:
        table: On exactly `images`.
        format_name: What they are written in, a key of `FORMATS`.
        images: The images.
        categories: The classes.
        metric: What decides; that of the format where None.
        raw_scores: Whether scores above 1 are meant.
    """
    form = format_for("predictions.csv", format_name).scored_by(metric)
    subject = replace(subject_of_table(table, form, images, categories), raw_scores=raw_scores)
    return run_checks(subject, CHECKS_OF_TABLES)


def blocks(issues: Sequence[Issue]) -> bool:
    """Return whether one of the issues is an error."""
    return any(issue.level == "error" for issue in issues)


def _without_columns(
    missing: Sequence[str], header: Sequence[str], form: SubmissionFormat
) -> Issue:
    return Issue(
        "error",
        f"the columns of format {form.name!r} must be {','.join(form.columns)}, but there is no "
        f"{' and no '.join(missing)}: {','.join(header)}",
        "header",
    )
