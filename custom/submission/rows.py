"""A submission's numbers, box by box: from a file's cells, and from a table of predictions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from custom.boxes import FloatArray, IntArray, xywh_to_xyxy, xyxy_to_xywh
from custom.errors import PodiumError
from custom.submission.csv_file import CsvFile, count_tokens, normalized, parse_numbers
from custom.submission.formats import SubmissionFormat
from custom.tables import Categories, Images, Predictions
from custom.tables.images import first_duplicate
from custom.tables.rows import offsets_of

_PART_BYTES = 1 << 17


@dataclass(frozen=True)
class Rows:
    """The content of a submission as the file has it, before any image or class is looked up.

    Attributes:
        format: What the file is written in.
        source: The file, for messages.
        names: What names each of the I rows.
        offsets: Shape (I+1,), the boxes of each row.
        values: Shape (N, K), the numbers of each box, in the order of the format's layout; a
            class name is its position in `format.classes`, NaN where it is none of them.
        has_lines: Whether the rows are lines of a file.
        refused: Position (box, field) of what should be a number and is none, with its text.
    """

    format: SubmissionFormat
    source: str
    names: tuple[str, ...]
    offsets: IntArray
    values: FloatArray
    refused: tuple[tuple[int, int, str], ...] = ()
    has_lines: bool = True

    def columns(self, *fields: str) -> FloatArray:
        """Return the columns of these names, shape (N, len(fields))."""
        return self.values[:, [self.format.fields.index(field) for field in fields]]

    @property
    def bboxes(self) -> FloatArray:
        """The boxes as xyxy, shape (N, 4)."""
        corners = self.columns(*self.format.box_fields)
        return xywh_to_xyxy(corners) if self.format.is_xywh else corners

    @property
    def scores(self) -> FloatArray:
        """The scores, shape (N,)."""
        return self.columns("score")[:, 0]

    @property
    def labels(self) -> FloatArray:
        """The numbers that stand for classes, shape (N,); zeros where the format has none."""
        return self.columns("label")[:, 0] if self.format.has_label else np.zeros(len(self.values))

    def where(self, box: int) -> str:
        """Return line, image and place of the box with that position, for messages."""
        row = int(np.searchsorted(self.offsets, box, side="right")) - 1
        return f"{self.line(row)}, box {box - int(self.offsets[row]) + 1}"

    def line(self, row: int) -> str:
        """Return line and image of a row, for messages."""
        name = self.names[row]
        return f"line {row + 2} ({name})" if self.has_lines else f"image {name}"


def to_columns(table: Predictions, categories: Categories, form: SubmissionFormat) -> FloatArray:
    """Return a table's boxes as a format's numbers, shape (N, K), in the order of its layout.

    What `Rows` reads; what stands for a class is `form.class_numbers`.

    Raises:
        PodiumError: If the format cannot hold the categories.
    """
    numbers = np.array(form.class_numbers(categories), dtype=np.float64)
    corners = xyxy_to_xywh(table.bboxes) if form.is_xywh else table.bboxes
    columns = dict(zip(form.box_fields, corners.T, strict=True))
    columns |= {"label": numbers[table.labels], "score": table.scores}
    return np.stack([columns[field] for field in form.fields], axis=1)


def rows_of_table(
    table: Predictions, images: Images, categories: Categories, form: SubmissionFormat
) -> Rows:
    """Return the rows that a table on exactly `images` has in a format."""
    values = to_columns(table, categories, form)
    names = tuple(form.row_names(images))
    return Rows(form, table.source, names, table.offsets, values, has_lines=False)


def parse_rows(file: CsvFile, form: SubmissionFormat) -> Rows:
    """Return the boxes of a CSV file as it has them.

    Raises:
        PodiumError: If the columns are others, an id stands twice, or a cell has no whole boxes.
    """
    names = row_names_of(file, form)
    cells, counts = split_cells(file, form)
    width = len(form.fields)
    if (broken := np.flatnonzero(counts % width)).size:
        row = int(broken[0])
        raise PodiumError(
            f"{file.source}, line {row + 2} ({names[row]}) must have {width} values a box "
            f"({form.layout}), but has {counts[row]} values in {len(cells[row]):,} characters "
            f"({broken.size} such lines)"
            + (missing_word(cells[row]) or "; a cell that was cut has lost its last box")
        )
    return parse_cells(cells, counts, names, file.source, form)


def missing_word(cell: bytes) -> str:
    """Return what to say of a cell that holds a word for "nothing"; "" if it does not."""
    word = cell.strip().decode("utf-8", "replace")
    if word.lower() not in ("nan", "none", "null", "na", "n/a"):
        return ""
    return (
        f"; it is {word!r}, as pandas and others write an image without boxes: leave the cell "
        "empty, as fillna('') does"
    )


def split_cells(file: CsvFile, form: SubmissionFormat) -> tuple[list[bytes], IntArray]:
    """Return each row's normalized cell, empty where nothing was found, and how many values."""
    cells = [normalized(cell) for cell in file.column(form.string_column)]
    if form.empty:
        cells = [b"" if is_empty_form(cell, form) else cell for cell in cells]
    return cells, np.fromiter(map(count_tokens, cells), np.int64, len(cells))


def parse_cells(
    cells: list[bytes],
    counts: IntArray,
    names: tuple[str, ...],
    source: str,
    form: SubmissionFormat,
) -> Rows:
    """Return the boxes of normalized cells, each of which has whole boxes, `counts` values."""
    width = len(form.fields)
    values = np.empty(int(counts.sum()))
    places: list[tuple[int, int, str]] = []
    start = 0
    for text in _parts(cells):
        text = text if form.classes is None else _names_to_numbers(text, form)
        found, refused = parse_numbers(text)
        tokens = text.split(b" ") if refused else []
        for at in refused:
            token = tokens[at].decode("utf-8", "replace")
            places.append(((start + at) // width, at % width, token))
        values[start : start + len(found)] = found
        start += len(found)
    offsets = offsets_of(counts // width)
    return Rows(form, source, names, offsets, values.reshape(-1, width), tuple(places))


def _parts(cells: list[bytes]) -> Iterator[bytes]:
    """Yield the numbers of some cells at a time: Python's floats take five times the text."""
    part, size = [], 0
    for cell in filter(None, cells):
        part.append(cell)
        size += len(cell)
        if size >= _PART_BYTES:
            yield b" ".join(part)
            part, size = [], 0
    if part:
        yield b" ".join(part)


def is_empty_form(cell: bytes, form: SubmissionFormat) -> bool:
    """Return whether a normalized cell is what the format writes where nothing was found."""
    if not form.empty or len(cell) > 3 * len(form.empty) or not cell:
        return not cell
    found, expected = cell.decode("utf-8", "replace").split(" "), form.empty.split(" ")
    return len(found) == len(expected) and all(map(_same_value, found, expected))


def row_names_of(file: CsvFile, form: SubmissionFormat) -> tuple[str, ...]:
    """Return what names each row of a CSV file.

    Raises:
        PodiumError: If the columns are others, or a name stands twice.
    """
    labels = set(file.header).difference(form.columns) if form.holds_labels else set()
    if sorted(set(file.header) - labels) != sorted(form.columns):
        raise PodiumError(
            f"{file.source}: the header of format {form.name!r} must be {','.join(form.columns)} "
            f"in either order, but is {','.join(file.header)}; a saved index is avoided by "
            "to_csv(index=False)"
        )
    names = tuple(file.text_column(form.id_column))
    if (double := first_duplicate(names)) is not None:
        raise PodiumError(f"{file.source}: {form.id_column} must be unique, but {double!r} is not")
    return names


def _names_to_numbers(text: bytes, form: SubmissionFormat) -> bytes:
    """Replace the class names of a file's boxes by their positions in `form.classes`."""
    number_of = {name.encode(): b"%d" % i for i, name in enumerate(form.classes or ())}
    tokens = text.split(b" ")
    place = slice(form.fields.index("label"), None, len(form.fields))
    # A number in place of a name is refused by what does not parse: a name that is none.
    tokens[place] = [number_of.get(token, b"?" + token) for token in tokens[place]]
    return b" ".join(tokens)


def _same_value(found: str, expected: str) -> bool:
    """Return whether two tokens are the same word or the same number."""
    try:
        return found == expected or float(found) == float(expected)
    except ValueError:
        return False
