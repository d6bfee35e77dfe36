"""Labels of whole images in a CSV: a row an image, a column a class."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from custom.boxes import TOLERANCE_PX, FloatArray
from custom.errors import PodiumError
from custom.submission.csv_file import CsvFile
from custom.submission.formats import SubmissionFormat
from custom.submission.rows import Rows
from custom.tables import Categories, Images, Predictions
from custom.tables.images import first_duplicate


def label_rows(
    table: Predictions, images: Images, categories: Categories, form: SubmissionFormat
) -> Iterator[list[str]]:
    """Yield the cells of each image: its name, and a probability, or 0 or 1, for each class.

    Where the cells are 0 or 1, a box that is there is a 1: what is below a threshold must have
    been left out.

    Args:
        table: On exactly `images`; every box covers its image.
        images: With their sizes; of an image of unknown size (0) any box is a label.
        categories: The classes.
        form: A format of labels.

    Raises:
        PodiumError: If a box does not cover its image.
    """
    _refuse_parts(table, images, form)
    scores = np.zeros((len(images), len(categories)))
    np.maximum.at(scores, (table.image_index, table.labels), table.scores)
    cells = np.ceil(scores) if form.cells == "zero_one" else scores
    for name, row in zip(form.row_names(images), cells.tolist(), strict=True):
        yield [name, *(f"{score:.6g}" for score in row)]


def parse_labels(
    file: CsvFile,
    form: SubmissionFormat,
    images: Images | None = None,
    categories: Categories | None = None,
) -> tuple[Rows, Categories]:
    """Return a box over the whole image for each cell, as rows, and the classes.

    Args:
        file: The cells.
        form: A format of labels.
        images: What gives the boxes their sizes; boxes of 1x1 where none are given.
        categories: The classes; those of the header where none are given.

    Raises:
        PodiumError: If a column is missing or there is another one, an id stands twice, or a cell
            is no number.
    """
    categories = categories or Categories.from_names(
        [name for name in file.header if name != form.id_column]
    )
    _check_header(file, form, categories)
    names = tuple(file.text_column(form.id_column))
    if (double := first_duplicate(names or [0])) is not None:
        raise PodiumError(f"{file.source}: every image must have one row, but {double!r} has two")
    scores = np.stack([_numbers(file, name) for name in categories.names], axis=1)
    if form.cells == "zero_one" and not np.isin(scores, (0.0, 1.0)).all():
        row, column = np.argwhere(~np.isin(scores, (0.0, 1.0)))[0].tolist()
        raise PodiumError(
            f"{file.source}, line {row + 2}: {categories.names[column]!r} must be 0 or 1 in format "
            f"{form.name!r}, but is {scores[row, column]:g}; probabilities are format 'labels'"
        )
    offsets = np.arange(len(names) + 1) * len(categories)
    values = _values(names, scores, form, images, categories)
    return Rows(form, file.source, names, offsets, values), categories


def _values(
    names: tuple[str, ...],
    scores: FloatArray,
    form: SubmissionFormat,
    images: Images | None,
    categories: Categories,
) -> FloatArray:
    """Return the numbers of a box a cell, shape (I * C, 6), in the order of the layout."""
    sizes = (
        {} if images is None else dict(zip(form.row_names(images), images.sizes_hw, strict=True))
    )
    unknown = np.array((1, 1))
    sizes_hw = np.array([sizes.get(name, unknown) for name in names]).reshape(-1, 2)
    numbers = np.array(form.class_numbers(categories), float)
    columns = {
        "label": np.tile(numbers, len(names)),
        "score": scores.ravel(),
        "x2": np.repeat(sizes_hw[:, 1], len(categories)),
        "y2": np.repeat(sizes_hw[:, 0], len(categories)),
    }
    zeros = np.zeros(scores.size)
    return np.stack([columns.get(field, zeros) for field in form.fields], axis=1).astype(float)


def _check_header(file: CsvFile, form: SubmissionFormat, categories: Categories) -> None:
    if issue := header_fault(file, form, categories):
        raise PodiumError(f"{file.source}: {issue}")


def header_fault(file: CsvFile, form: SubmissionFormat, categories: Categories) -> str:
    """Return what is wrong with the columns, or ""."""
    wanted = [form.id_column, *categories.names]
    if sorted(file.header) == sorted(wanted):
        return ""
    return f"the columns must be {','.join(wanted)}, but are {','.join(file.header)}"


def _numbers(file: CsvFile, name: str) -> FloatArray:
    """Return a column of finite numbers."""
    numbers = []
    for row, cell in enumerate(file.text_column(name)):
        try:
            number = float(cell)
        except ValueError:
            number = np.nan
        if not np.isfinite(number):
            raise PodiumError(
                f"{file.source}, line {row + 2}: {name!r} must be a finite number, but is {cell!r}"
            )
        numbers.append(number)
    return np.array(numbers, np.float64)


def _refuse_parts(table: Predictions, images: Images, form: SubmissionFormat) -> None:
    sizes_hw = images.sizes_hw[table.image_index]
    whole = np.column_stack([np.zeros_like(sizes_hw), sizes_hw[:, ::-1]])
    wrong = sizes_hw.all(axis=1) & (np.abs(table.bboxes - whole).max(axis=1) > TOLERANCE_PX)
    if wrong.any():
        box = int(np.argmax(wrong))
        raise PodiumError(
            f"format {form.name!r} holds labels of whole images, so every box must cover its image "
            f"({sizes_hw[box, 1]}x{sizes_hw[box, 0]}), but one of "
            f"{images.file_names[table.image_index[box]]} is {table.bboxes[box].tolist()} "
            f"({int(wrong.sum())} such boxes)"
        )
