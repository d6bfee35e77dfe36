"""Checks of labels of whole images, before they are submitted."""

from __future__ import annotations

import numpy as np

from custom.errors import PodiumError
from custom.submission.checks.structure import check_doubled_ids, check_ids, check_order
from custom.submission.checks.subject import Issue, Subject
from custom.submission.checks.values import check_scores
from custom.submission.csv_file import CsvFile
from custom.submission.formats import SubmissionFormat
from custom.submission.label_cells import header_fault, parse_labels
from custom.submission.rows import Rows
from custom.tables import Categories, Images


def check_label_file(
    file: CsvFile, form: SubmissionFormat, images: Images | None, categories: Categories | None
) -> list[Issue]:
    """Return what is wrong with a file of labels, errors first."""
    known = categories or Categories.from_names([n for n in file.header if n != form.id_column])
    if fault := header_fault(file, form, known):
        return [Issue("error", fault, "header")]
    names = tuple(file.text_column(form.id_column))
    empty = Rows(form, file.source, names, np.zeros(len(names) + 1, np.int64), np.empty((0, 6)))
    subject = Subject(empty, file.header, (), np.zeros(len(names), np.int64), images, known)
    issues = [*check_ids(subject), *check_doubled_ids(subject), *check_order(subject)]
    if not any(issue.level == "error" for issue in issues):
        try:
            rows, _ = parse_labels(file, form, images, known)
        except PodiumError as error:
            issues.append(Issue("error", str(error)))
        else:
            filled = Subject(rows, file.header, (), subject.lengths, images, known)
            issues += [*check_scores(filled), *_constant(rows, form, known)]
    return sorted(issues, key=lambda issue: issue.level != "error")


def _constant(rows: Rows, form: SubmissionFormat, categories: Categories) -> list[Issue]:
    """Classes that have the same value on all images; where all are 1, nothing was decided."""
    scores = rows.scores.reshape(-1, len(categories))
    constant = (
        np.flatnonzero((scores == scores[:1]).all(axis=0)).tolist() if len(scores) > 1 else []
    )
    told = [f"{categories.names[label]} ({scores[0, label]:g})" for label in constant]
    if not told:
        return []
    if form.cells == "zero_one" and len(told) == len(categories) and (scores == 1).all():
        return [
            Issue(
                "error",
                "all images have all classes: nothing was decided; write it by the thresholds of "
                "a run (podium submit --thresholds), or the probabilities (--format labels)",
            )
        ]
    return [
        Issue("warning", f"classes must differ between images, but are constant: {', '.join(told)}")
    ]
