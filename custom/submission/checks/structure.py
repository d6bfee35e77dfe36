"""Checks of the rows: columns, ids, cells that were cut."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath

import numpy as np

from custom.submission.checks.subject import Issue, Subject
from custom.submission.rows import missing_word

# With these a spreadsheet takes a cell for a formula, which may call programs and send data.
FORMULA_STARTS = ("=", "+", "-", "@")
# Where the tools that people open a CSV with cut a cell.
CUT_LENGTHS = (32_000, 32_767)


def check_columns(subject: Subject) -> list[Issue]:
    """Extra columns, such as a saved index."""
    form = subject.format
    extra = [column for column in subject.header or () if column not in form.columns]
    if not extra:
        return []
    index = [column for column in extra if not column or column.startswith("Unnamed")]
    cause = "; this looks like a saved index: to_csv(index=False)" if index else ""
    return [
        Issue(
            "error",
            f"the columns must be {','.join(form.columns)}, but there is also "
            f"{', '.join(map(repr, extra))}{cause}",
            "header",
        )
    ]


def check_doubled_ids(subject: Subject) -> list[Issue]:
    """An image that has two rows."""
    names = subject.rows.names
    double = [name for name, count in Counter(names).items() if count > 1]
    if not double:
        return []
    first = names.index(double[0])
    lines = [row + 2 for row, name in enumerate(names) if name == double[0]]
    return [
        Issue(
            "error",
            f"every image must have one row, but {double[0]!r} stands on lines "
            f"{', '.join(map(str, lines))} ({len(double)} such images)",
            subject.line(first),
        )
    ]


def check_ids(subject: Subject) -> list[Issue]:
    """Rows that name no image, and images without a row."""
    if subject.images is None:
        return [Issue("warning", "ids were not compared with the images, since none were given")]
    expected = subject.format.row_names(subject.images)
    names = set(subject.rows.names)
    known = set(expected)
    missing = [name for name in expected if name not in names]
    strange = [row for row, name in enumerate(subject.rows.names) if name not in known]
    issues = []
    if missing:
        issues.append(
            Issue(
                "error",
                f"there must be a row for each of the {len(expected)} images, but {missing[0]!r} "
                f"has none ({len(missing)} such)",
            )
        )
    if strange:
        issues.append(
            Issue(
                "error",
                f"{subject.format.id_column} must be an image of the data set, like "
                f"{expected[0]!r}, but is not ({len(strange)} such)"
                f"{_cause_of_renaming(subject.rows.names[strange[0]], expected)}",
                subject.line(strange[0]),
            )
        )
    return issues


def check_order(subject: Subject) -> list[Issue]:
    """The right ids in another order: a sign that boxes were joined to them by position."""
    if subject.images is None:
        return []
    expected = subject.format.row_names(subject.images)
    names = list(subject.rows.names)
    if names == expected or sorted(names) != sorted(expected):
        return []
    moved = [row for row, (a, b) in enumerate(zip(names, expected, strict=True)) if a != b]
    return [
        Issue(
            "error",
            f"rows must be in the order of the images, here {expected[moved[0]]!r}, but "
            f"{len(moved)} rows are elsewhere; were they sorted or shuffled? write them in the "
            "images' order, and make sure that boxes are joined to them by name",
            subject.line(moved[0]),
        )
    ]


def check_formulas(subject: Subject) -> list[Issue]:
    """Names that a spreadsheet takes for a formula."""
    names = subject.rows.names
    risky = [row for row, name in enumerate(names) if name.startswith(FORMULA_STARTS)]
    if not risky:
        return []
    name = names[risky[0]]
    return [
        Issue(
            "warning",
            f"a cell should not begin with {name[0]!r}, which spreadsheets run as a formula, but "
            f"is {name!r} ({len(risky)} such); do not open the file with one",
            subject.line(risky[0]),
        )
    ]


def check_cut(subject: Subject) -> list[Issue]:
    """Cells that have lost their end."""
    issues = []
    form = subject.format
    if subject.broken:
        row, values, characters = subject.broken[0]
        issues.append(
            Issue(
                "error",
                f"a row must have {len(form.fields)} values a box ({form.layout}), but has "
                f"{values} values in {characters:,} characters ({len(subject.broken)} such rows)"
                f"{missing_word(subject.broken_cell) or _cause_of_breaking(subject)}",
                subject.line(row),
            )
        )
    whole = np.isin(subject.lengths, CUT_LENGTHS)
    whole[[row for row, _, _ in subject.broken]] = False
    if whole.any():
        row = int(np.flatnonzero(whole)[0])
        issues.append(
            Issue(
                "error",
                f"the cell ends at exactly {subject.lengths[row]:,} characters ({whole.sum()} "
                "such), where spreadsheets and some libraries cut: its last number is not to be "
                "trusted; write it again",
                subject.line(row),
            )
        )
    return issues


def _cause_of_breaking(subject: Subject) -> str:
    if any(characters in CUT_LENGTHS for _, _, characters in subject.broken):
        return "; the cell ends where spreadsheets cut: it was cut"
    share = len(subject.broken) / max(1, np.count_nonzero(subject.lengths))
    if share > 0.5:
        return f"; so do {share:.0%} of the rows with boxes: is the file in another format?"
    return "; was its end cut?"


def _cause_of_renaming(found: str, expected: list[str]) -> str:
    stems = {PurePosixPath(name).stem for name in expected}
    if not found or " " in found:
        return "; are the cells of the two columns swapped?"
    if found.isdigit() and (found in stems or not any(stem.isdigit() for stem in stems)):
        return "; this looks like a counter in place of the file's name"
    if PurePosixPath(found).stem in stems:
        return "; the folder or the extension differs"
    return ""
