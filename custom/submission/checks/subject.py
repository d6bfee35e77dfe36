"""What the checks look at: a submission as it is, beside what it should be about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from custom.boxes import BoolArray, FloatArray, IntArray
from custom.submission.csv_file import CsvFile
from custom.submission.formats import SubmissionFormat
from custom.submission.reader import known_numbers, look_up
from custom.submission.rows import Rows, parse_cells, rows_of_table, split_cells
from custom.tables import Categories, Images, Predictions

Level = Literal["error", "warning"]


@dataclass(frozen=True)
class Issue:
    """Something wrong with a submission.

    Attributes:
        level: An error blocks the submission, a warning does not.
        message: What must be what, but is what, how often, and the likely cause.
        where: Line, image and box of the first case; empty where it is the whole file.
        cause: The end of the message, where another reading of the numbers fits almost all boxes.
    """

    level: Level
    message: str
    where: str = ""
    cause: str = ""

    @property
    def text(self) -> str:
        """The issue in one line, the cause first."""
        first = f"{self.cause.removeprefix('; ')}: " if self.cause else ""
        where = f"{self.where}: " if self.where else ""
        return f"{first}{where}{self.message.removesuffix(self.cause)}"

    def __str__(self) -> str:
        return f"{self.level}: {f'{self.where}: ' if self.where else ''}{self.message}"


@dataclass(frozen=True)
class Subject:
    """One submission under check.

    Attributes:
        rows: The boxes of the rows that have whole boxes; a broken row has none here.
        header: The columns of the file; None where it is no CSV.
        broken: Row, number of values and number of characters of cells without whole boxes.
        lengths: The characters of each row's cell, shape (I,).
        images: The images that the rows must name.
        categories: The classes.
        val_shares: Each class's share of the annotated boxes, shape (C,).
        last_shares: Each class's share of the scores in the last accepted submission, shape (C,).
        like: Another submission, on exactly `images`.
        raw_scores: Whether scores above 1 are meant, as an ensemble with `--raw-scores` has them.
        broken_cell: The first cell without whole boxes.
    """

    rows: Rows
    header: tuple[str, ...] | None
    broken: tuple[tuple[int, int, int], ...]
    lengths: IntArray
    images: Images | None = None
    categories: Categories | None = None
    val_shares: FloatArray | None = None
    last_shares: FloatArray | None = None
    like: Predictions | None = None
    raw_scores: bool = False
    broken_cell: bytes = b""

    @property
    def format(self) -> SubmissionFormat:
        """What the file is written in."""
        return self.rows.format

    def line(self, row: int) -> str:
        """Return line and image of the row at that position, for messages."""
        return self.rows.line(row)

    @cached_property
    def finite(self) -> BoolArray:
        """Where a box and its score are finite numbers, shape (N,)."""
        return np.isfinite(self.rows.bboxes).all(axis=1) & np.isfinite(self.rows.scores)

    @cached_property
    def sizes_hw(self) -> IntArray | None:
        """The size of each box's image, shape (N, 2); zeros where the row names no image."""
        if self.images is None or not self.images.sizes_hw.any():
            return None
        index = {name: i for i, name in enumerate(self.format.row_names(self.images))}
        known = np.array([index.get(name, -1) for name in self.rows.names], dtype=np.int64)
        sizes = np.vstack([self.images.sizes_hw, np.zeros((1, 2), dtype=np.int64)])
        return np.repeat(sizes[known], np.diff(self.rows.offsets), axis=0)

    @cached_property
    def known(self) -> IntArray | None:
        """What may stand for a class, with its label, shape (C, 2); None: anything."""
        return known_numbers(self.format, self.categories)

    def shares(self) -> FloatArray:
        """Return each class's share of the scores, and last what stands for no class, shape (C+1,).

        Scores rather than boxes are counted: their sum estimates the number of objects, whatever
        the score at which boxes were cut off.
        """
        labels, valid = look_up(self.rows.labels, self.known)
        num_classes = len(self.categories or ())
        weights = np.where(self.finite, np.nan_to_num(self.rows.scores), 0.0).clip(0.0, 1.0)
        sums = np.bincount(np.where(valid, labels, num_classes), weights, minlength=num_classes + 1)
        return sums / max(float(sums.sum()), 1e-12)


Check = Callable[[Subject], list[Issue]]


def subject_of_csv(
    file: CsvFile,
    form: SubmissionFormat,
    images: Images | None = None,
    categories: Categories | None = None,
    val_shares: FloatArray | None = None,
    last_shares: FloatArray | None = None,
    like: Predictions | None = None,
) -> Subject:
    """Return what is checked of a CSV file that has the format's two columns, whatever else."""
    names = tuple(file.text_column(form.id_column))
    raw = file.column(form.string_column)
    cells, counts = split_cells(file, form)
    rows_broken = np.flatnonzero(counts % len(form.fields)).tolist()
    broken = tuple((row, int(counts[row]), len(raw[row])) for row in rows_broken)
    for row in rows_broken:
        cells[row], counts[row] = b"", 0
    rows = parse_cells(cells, counts, names, file.source, form)
    lengths = np.fromiter(map(len, raw), np.int64, len(raw))
    context = (images, categories, val_shares, last_shares, like)
    first = raw[rows_broken[0]] if rows_broken else b""
    return Subject(rows, file.header, broken, lengths, *context, broken_cell=first)


def subject_of_table(
    table: Predictions,
    form: SubmissionFormat,
    images: Images,
    categories: Categories,
    val_shares: FloatArray | None = None,
    last_shares: FloatArray | None = None,
    like: Predictions | None = None,
) -> Subject:
    """Return what is checked of predictions that are in no CSV."""
    rows = rows_of_table(table, images, categories, form)
    lengths = np.zeros(len(rows.names), dtype=np.int64)
    context = (images, categories, val_shares, last_shares, like)
    return Subject(rows, None, (), lengths, *context)
