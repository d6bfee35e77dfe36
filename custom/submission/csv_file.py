"""CSV text to cells and back, whatever the length of a cell."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from custom.errors import PodiumError
from custom.files import PathLike, read_bytes

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


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
    content = content.removeprefix(_BYTE_ORDER_MARK)
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
