"""Labels of images as a table: an image a row, a class a column, yes, no or unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from custom.errors import PodiumError
from custom.files import PathLike
from custom.submission.csv_file import CsvFile, read_csv
from custom.tables.images import first_duplicate

Values = npt.NDArray[np.int8]
YES, NO, UNKNOWN = 1, 0, -1
IMAGE, LABEL = "image", "label"
# pandas writes 1.0 where a column has empty cells.
_CELLS = {"1": YES, "1.0": YES, "0": NO, "0.0": NO, "": UNKNOWN}
_NAMED_AT_MOST = 3


@dataclass(frozen=True, eq=False)
class LabelSheet:
    """What is known of each image.

    Attributes:
        source: The file or folder, for messages.
        names: I file names of images, each once.
        classes: C class names.
        values: Shape (I, C): 1 where an image has the class, 0 where not, -1 where unknown.
    """

    source: str
    names: tuple[str, ...]
    classes: tuple[str, ...]
    values: Values

    def chosen(self, classes: Sequence[str]) -> LabelSheet:
        """Return the sheet with these classes alone, in that order; itself for none.

        Raises:
            PodiumError: If one is not among its classes.
        """
        if unknown := [name for name in classes if name not in self.classes]:
            raise PodiumError(
                f"--classes must be among those of {self.source} ({', '.join(self.classes)}), but "
                f"{unknown[0]!r} is not"
            )
        if not classes:
            return self
        columns = [self.classes.index(name) for name in classes]
        return LabelSheet(self.source, self.names, tuple(classes), self.values[:, columns])


def read_sheet(path: PathLike, classes: Sequence[str] = ()) -> LabelSheet:
    """Read a CSV of labels: `image` and a column a class, or `image,label`.

    Cells of a class's column are 1, 0, or empty where nobody knows. With `image,label` an image has
    a row for each of its labels, and lacks all others; an empty label says that nothing is known.
    A file with the column `image` alone lists images without labels.

    Args:
        path: The file.
        classes: Those to take, in this order; none for all. Of a file without labels: their names.

    Raises:
        PodiumError: If a column is missing or doubled, a cell is another value, or two rows of an
            image disagree; the lines are named.
    """
    csv = read_csv(path)
    if IMAGE not in csv.header or not csv.rows:
        raise PodiumError(
            f"{path} must have a column {IMAGE!r} and a row an image, but has the columns "
            f"{', '.join(csv.header)} and {len(csv.rows)} rows"
        )
    if (double := first_duplicate(csv.header)) is not None:
        raise PodiumError(f"{path}: columns must differ, but {double!r} stands twice")
    if csv.header == (IMAGE,):
        return _without_labels(csv, classes)
    sheet = _read_labels(csv) if set(csv.header) == {IMAGE, LABEL} else _read_columns(csv)
    return sheet.chosen(classes)


def check_values(sheet: LabelSheet, exclusive: bool) -> None:
    """Refuse labels that nothing can be learnt from, or that contradict that classes exclude.

    Raises:
        PodiumError: If a class has one value only, or an image has not exactly one of exclusive
            classes.
    """
    for column, name in enumerate(sheet.classes):
        known = sheet.values[:, column]
        counts = {word: int((known == value).sum()) for word, value in (("1", YES), ("0", NO))}
        if 0 in counts.values():
            raise PodiumError(
                f"{sheet.source}: class {name!r} must be 1 on some images and 0 on others, but has "
                f"{counts['1']} ones and {counts['0']} zeros on {len(known)} images; leave it out "
                "by naming the others with --classes"
            )
    if exclusive:
        _check_exclusive(sheet)


def _check_exclusive(sheet: LabelSheet) -> None:
    yes, known = (sheet.values == YES).sum(axis=1), (sheet.values != UNKNOWN).any(axis=1)
    wrong = np.flatnonzero(known & (yes != 1))
    if len(wrong):
        image = int(wrong[0])
        has = [c for c, v in zip(sheet.classes, sheet.values[image], strict=True) if v == YES]
        raise PodiumError(
            f"{sheet.source}: with --exclusive an image must have exactly one class, but "
            f"{sheet.names[image]} has {', '.join(has) or 'none'} ({len(wrong)} such images)"
        )


def _read_columns(csv: CsvFile) -> LabelSheet:
    """Read a column a class."""
    classes = tuple(name for name in csv.header if name != IMAGE)
    names = csv.text_column(IMAGE)
    columns = [_read_cells(csv, name) for name in classes]
    return _merge_rows(csv.source, names, classes, np.stack(columns, axis=1))


def _read_cells(csv: CsvFile, name: str) -> Values:
    cells = csv.text_column(name)
    if wrong := [row for row, cell in enumerate(cells) if cell not in _CELLS]:
        raise PodiumError(
            f"{csv.source}, line {wrong[0] + 2}: {name!r} must be 0, 1 or empty (unknown), but is "
            f"{cells[wrong[0]]!r} ({len(wrong)} such cells)"
        )
    return np.array([_CELLS[cell] for cell in cells], np.int8)


def _merge_rows(
    source: str, names: Sequence[str], classes: tuple[str, ...], values: Values
) -> LabelSheet:
    """Return one row an image; what one row leaves open another one may say."""
    first: dict[str, int] = {}
    merged = values.copy()
    for row, name in enumerate(names):
        if not name:
            raise PodiumError(f"{source}, line {row + 2}: {IMAGE!r} must not be empty")
        known = first.setdefault(name, row)
        both = (merged[known] != UNKNOWN) & (values[row] != UNKNOWN)
        disagree = np.flatnonzero(both & (merged[known] != values[row]))
        if len(disagree):
            at = int(disagree[0])
            raise PodiumError(
                f"{source}: rows of one image must agree, but {name} has {classes[at]!r} "
                f"{merged[known, at]} in line {known + 2} and {values[row, at]} in line {row + 2}"
            )
        merged[known] = np.maximum(merged[known], values[row])
    return LabelSheet(source, tuple(first), classes, merged[list(first.values())])


def _read_labels(csv: CsvFile) -> LabelSheet:
    """Read a row a label."""
    names, labels = csv.text_column(IMAGE), csv.text_column(LABEL)
    classes = tuple(sorted(set(labels) - {""}))
    if not classes:
        raise PodiumError(f"{csv.source}: {LABEL!r} must name classes, but all cells are empty")
    place = {name: index for index, name in enumerate(dict.fromkeys(names))}
    values = np.full((len(place), len(classes)), NO, np.int8)
    for row, (name, label) in enumerate(zip(names, labels, strict=True)):
        if not name:
            raise PodiumError(f"{csv.source}, line {row + 2}: {IMAGE!r} must not be empty")
        if label:
            values[place[name], classes.index(label)] = YES
    known = {name for name, label in zip(names, labels, strict=True) if label}
    values[[place[name] for name in place if name not in known]] = UNKNOWN
    return LabelSheet(csv.source, tuple(place), classes, values)


def _without_labels(csv: CsvFile, classes: Sequence[str]) -> LabelSheet:
    names = tuple(dict.fromkeys(csv.text_column(IMAGE)))
    return unlabelled(csv.source, names, classes)


def unlabelled(source: str, names: tuple[str, ...], classes: Sequence[str]) -> LabelSheet:
    """Return images of which nothing is known, as those of a test set.

    Raises:
        PodiumError: If no classes are named.
    """
    if not classes:
        raise PodiumError(
            f"{source} has no labels: name the classes of the competition with --classes, in the "
            "order of the training annotations, or give the file that has labels"
        )
    values = np.full((len(names), len(classes)), UNKNOWN, np.int8)
    return LabelSheet(source, names, tuple(classes), values)
