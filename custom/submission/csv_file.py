"""CSV text to cells and their numbers, and back, whatever the length of a cell.

Numbers are handed to orjson as a JSON list: of what was measured (`benchmarks/io.py`)
the fastest way that needs no import beyond the light core and rounds every number correctly.
"""

from __future__ import annotations

import codecs
import csv
import io
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import orjson

from custom.boxes import FloatArray
from custom.errors import PodiumError
from custom.files import PathLike, read_bytes

# As spreadsheets write where the comma is for decimals, and as "text" exports are.
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_NUMBER_CHARACTERS = b"0123456789.eE+- "


@dataclass(frozen=True)
class CsvFile:
    """The cells of a CSV file, by row.

    Attributes:
        source: The file, for messages.
        header: The names of the columns.
        rows: The cells of each row; all rows have as many as the header.
    """

    source: str
    header: tuple[str, ...]
    rows: list[tuple[bytes, ...]]

    def column(self, name: str) -> list[bytes]:
        """Return the cells below `name`."""
        if name not in self.header:
            raise PodiumError(
                f"{self.source} must have the column {name!r}, but has {','.join(self.header):.200}"
            )
        index = self.header.index(name)
        return [row[index] for row in self.rows]

    def text_column(self, name: str) -> list[str]:
        """Return the cells below `name` as text, without space around them."""
        try:
            joined = b"\n".join(map(bytes.strip, self.column(name))).decode("utf-8")
        except UnicodeDecodeError as error:
            raise PodiumError(f"{self.source} must be UTF-8, but: {error}") from error
        return joined.split("\n") if self.rows else []


def read_csv(path: PathLike) -> CsvFile:
    """Read a CSV file into cells.

    Raises:
        PodiumError: If the file is missing, or as `split_csv` says.
    """
    return split_csv(read_bytes(path), str(path))


def split_csv(content: bytes, source: str) -> CsvFile:
    """Split the content of a CSV file into cells.

    Quotes, both line ends and a byte order mark are understood; empty lines are skipped.

    Raises:
        PodiumError: If it is empty, or a row has another number of cells than the header; the
            message names the line.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise PodiumError(f"{source} must be UTF-8, but is UTF-16; save it as UTF-8")
    content = content.removeprefix(codecs.BOM_UTF8)
    if b'"' in content:
        rows = _quoted_rows(content)
    else:
        lines = (content.replace(b"\r\n", b"\n") if b"\r" in content else content).split(b"\n")
        del content  # of a large file, neither the text nor the lines are kept beside the cells
        rows = [tuple(line.split(b",")) for line in lines if line]
        del lines
    if not rows:
        raise PodiumError(f"{source} must be a CSV file with a header, but is empty")
    header = tuple(cell.decode("utf-8", "replace").strip() for cell in rows.pop(0))
    for separator, name in _OTHER_SEPARATORS.items():
        if len(header) == 1 and separator in header[0]:
            raise PodiumError(
                f"{source} must have commas between its cells, but has {name}; export it with "
                "commas: to_csv(sep=',')"
            )
    widths = set(map(len, rows))
    if widths - {len(header)}:
        wrong = next(i for i, row in enumerate(rows) if len(row) != len(header))
        raise PodiumError(
            f"{source}, line {wrong + 2} must have {len(header)} cells like the header "
            f"({','.join(header)}), but has {len(rows[wrong])}"
        )
    return CsvFile(source, header, rows)


def join_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return the text of a CSV file; cells with a comma, a quote or a line end are quoted."""
    lines = [header, *rows]
    text = "\n".join(map(",".join, lines)) + "\n"
    # Python's writer looks at each character, which takes as long as making the numbers.
    plain = text.count(",") == sum(map(len, lines)) - len(lines) and text.count("\n") == len(lines)
    if not plain or '"' in text or "\r" in text:
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerows(lines)
        text = stream.getvalue()
    return text.encode("utf-8")


def _quoted_rows(content: bytes) -> list[tuple[bytes, ...]]:
    """Return the rows of a file that has quotes, by Python's reader."""
    limit = csv.field_size_limit(sys.maxsize)  # the default refuses cells over 131,072 characters
    try:
        text = io.StringIO(content.decode("utf-8", "replace"), newline="")
        return [tuple(cell.encode() for cell in row) for row in csv.reader(text) if row]
    finally:
        csv.field_size_limit(limit)


def normalized(cell: bytes) -> bytes:
    """Return a cell with one space between its numbers and none around them."""
    cell = cell.strip()
    return b" ".join(cell.split()) if b"  " in cell or b"\t" in cell else cell


def count_tokens(cell: bytes) -> int:
    """Return how many numbers a normalized cell has."""
    return cell.count(b" ") + 1 if cell else 0


def parse_numbers(text: bytes) -> tuple[FloatArray, list[int]]:
    """Return the numbers of a text, and the positions of what is none.

    Args:
        text: Numbers with one space between them; at least one.

    Returns:
        The values, shape (T,), NaN where a token is no number; the positions of those tokens.
        The words `nan` and `inf` are numbers here: who reads boxes checks that they are finite.
    """
    if not text.translate(None, _NUMBER_CHARACTERS):
        try:
            values = orjson.loads(b"[" + text.replace(b" ", b",") + b"]")
            return np.fromiter(values, np.float64, len(values)), []
        except orjson.JSONDecodeError:
            pass  # `1.`, `.5`, `+1` and `007` are numbers to everyone but JSON
    return _parse_one_by_one(text.split(b" "))


def format_numbers(values: FloatArray) -> list[bytes]:
    """Return each row of `values` (N, K) as K numbers with one space between them.

    A number is the shortest decimal that names its nearest float32: about eight digits,
    1/30,000 of a pixel at 1,024 and 6e-8 in a score, in half the space that float64 takes.
    What detectors wrote as float32 comes out as it came in, character by character.
    """
    if not len(values):
        return []
    numbers = np.ascontiguousarray(values, dtype=np.float32)
    text = orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY)
    return text[2:-2].replace(b",", b" ").split(b"] [")


def _parse_one_by_one(tokens: Sequence[bytes]) -> tuple[FloatArray, list[int]]:
    """Parse as Python's `float` does, noting what it refuses; 1_0 is no number in a file."""
    values = np.full(len(tokens), np.nan)
    refused = []
    for index, token in enumerate(tokens):
        try:
            values[index] = float(token.replace(b"_", b"?"))
        except ValueError:
            refused.append(index)
    return values, refused
