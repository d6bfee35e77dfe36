"""Reading and writing predictions: what was measured before the way was chosen.

    python benchmarks/io.py [--data ../shared/data] [--repeat 3] [--factors 1 10]

Every contender runs in a process of its own, so that `cold` has its imports in it; `warm` is the
best of some repetitions; `cpu` is its processor time, which other work on the machine disturbs less
and which the ratios are of; `peak` is the memory above that of the interpreter with our imports.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from custom.testing import SHARED_DATA

FIELDS = 6
Contender = Callable[[list[Path], Path], int]  # the inputs, a file to write; how many boxes
CONTENDERS: dict[str, Contender] = {}


def contender(name: str) -> Callable[[Contender], Contender]:
    """Enter a function into the table under `<work>: <name>`."""

    def enter(function: Contender) -> Contender:
        CONTENDERS[name] = function
        return function

    return enter


@contender("csv read: podium (orjson)")
def csv_podium(files: list[Path], out: Path) -> int:
    """Align the files by name, one table each."""
    from custom.submission import read_submissions

    return sum(table.num_boxes for table in read_submissions(files)[0])


@contender("csv read: csv and float()")
def csv_plain(files: list[Path], out: Path) -> int:
    """Read as the teams' own scripts do."""
    count = 0
    for file in files:
        with open(file, newline="") as stream:
            cells = [row["PredictionString"].split() for row in csv.DictReader(stream)]
        count += np.array([float(value) for cell in cells for value in cell]).size // FIELDS
    return count


@contender("csv read: pandas and float()")
def csv_pandas(files: list[Path], out: Path) -> int:
    """Read with pandas, split in Python."""
    import pandas as pd

    count = 0
    for file in files:
        cells = pd.read_csv(file)["PredictionString"].fillna("").str.split()
        count += np.array(list(map(float, chain.from_iterable(cells)))).size // FIELDS
    return count


@contender("csv read: numpy.fromstring")
def csv_numpy(files: list[Path], out: Path) -> int:
    """Read the numbers by C's strtod."""
    import warnings

    warnings.simplefilter("ignore", DeprecationWarning)
    return sum(np.fromstring(_joined(file), sep=" ").size // FIELDS for file in files)


@contender("csv read: polars")
def csv_polars(files: list[Path], out: Path) -> int:
    """Split and cast in polars."""
    import polars as pl

    count = 0
    for file in files:
        cells = pl.read_csv(file)["PredictionString"].str.strip_chars().str.split(" ")
        count += cells.explode().drop_nulls().cast(pl.Float64).to_numpy().size // FIELDS
    return count


@contender("csv read: pyarrow")
def csv_pyarrow(files: list[Path], out: Path) -> int:
    """Split and cast in pyarrow."""
    import pyarrow.compute as pc
    from pyarrow import csv as arrow_csv

    count = 0
    for file in files:
        cells = arrow_csv.read_csv(file)["PredictionString"]
        words = pc.list_flatten(pc.split_pattern(pc.utf8_trim_whitespace(cells), " "))
        words = words.filter(pc.not_equal(words, ""))
        count += words.cast("float64").to_numpy().size // FIELDS
    return count


@contender("csv read: numba")
def csv_numba(files: list[Path], out: Path) -> int:
    """Parse bytes in a compiled loop, exact up to 15 digits; its compilation is in `cold`."""
    kernel = _numba_parser()
    return sum(
        kernel(np.frombuffer(_joined(file), dtype=np.uint8)).size // FIELDS for file in files
    )


@contender("csv write: podium (orjson)")
def write_podium(files: list[Path], out: Path) -> int:
    """Write one table of all boxes."""
    from custom.submission import write_submission

    table, images, classes = _table(files)
    start = _clocks()
    write_submission(out, table, images, classes)
    _note(start)
    return table.num_boxes


@contender("csv write: f-strings")
def write_plain(files: list[Path], out: Path) -> int:
    """Write as the teams' own scripts do."""
    table, images, _ = _table(files)
    start = _clocks()
    numbers = table.bboxes.astype(np.float32)
    with open(out, "w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["PredictionString", "image_id"])
        for index, name in enumerate(images.file_names):
            cell = ""
            for row in range(*table.offsets[index : index + 2]):
                x1, y1, x2, y2 = numbers[row]
                cell += f"{table.labels[row]} {table.scores[row]} {x1} {y1} {x2} {y2} "
            writer.writerow([cell, name])
    _note(start)
    return table.num_boxes


@contender("json read: podium (orjson in parts)")
def json_podium(files: list[Path], out: Path) -> int:
    """Read COCO results into a table."""
    from custom.tables.coco import read_results

    images, classes = _images(files[0])
    start = _clocks()
    count = read_results(_results_file(files), images, classes).num_boxes
    _note(start)
    return count


@contender("json read: json")
def json_plain(files: list[Path], out: Path) -> int:
    """Read into Python objects and take the columns out."""
    return _columns(json.loads(_results_file(files).read_bytes()))


@contender("json read: orjson")
def json_orjson(files: list[Path], out: Path) -> int:
    """Read the whole file into Python objects and take the columns out."""
    import orjson

    return _columns(orjson.loads(_results_file(files).read_bytes()))


@contender("json read: msgspec, typed")
def json_msgspec(files: list[Path], out: Path) -> int:
    """Read the whole file into typed records and take the columns out."""
    import msgspec

    record: Any = msgspec.defstruct(
        "Record",
        [
            ("image_id", int),
            ("category_id", int),
            ("bbox", tuple[float, float, float, float]),
            ("score", float),
        ],
        gc=False,
    )
    rows = msgspec.json.decode(_results_file(files).read_bytes(), type=list[record])
    np.array([(r.image_id, r.category_id, r.score) for r in rows])
    np.fromiter(chain.from_iterable(r.bbox for r in rows), np.float64, 4 * len(rows))
    return len(rows)


@contender("json write: podium (orjson in parts)")
def json_write_podium(files: list[Path], out: Path) -> int:
    """Write a table as COCO results."""
    from custom.tables.coco import write_results

    table, _, classes = _table(files)
    start = _clocks()
    write_results(out, table, classes)
    _note(start)
    return table.num_boxes


@contender("json write: json")
def json_write_plain(files: list[Path], out: Path) -> int:
    """Write a list of records with the standard library."""
    table, _, _ = _table(files)
    start = _clocks()
    out.write_text(json.dumps(_records(table)))
    _note(start)
    return table.num_boxes


@contender("json write: orjson")
def json_write_orjson(files: list[Path], out: Path) -> int:
    """Write a list of records with orjson."""
    import orjson

    table, _, _ = _table(files)
    start = _clocks()
    out.write_bytes(orjson.dumps(_records(table)))
    _note(start)
    return table.num_boxes


Clocks = tuple[float, float]  # of the wall and of the processor, in seconds
_measured: Clocks | None = None


def _clocks() -> Clocks:
    return time.perf_counter(), time.process_time()


def _since(start: Clocks) -> Clocks:
    now = _clocks()
    return now[0] - start[0], now[1] - start[1]


def _note(start: Clocks) -> None:
    """Keep the time since `start` as what is measured, without the preparations before it."""
    global _measured
    _measured = _since(start)


def _joined(file: Path) -> bytes:
    """Return the numbers of a CSV file with one space between them."""
    lines = file.read_bytes().split(b"\n")[1:]
    return b" ".join(cell for line in lines if (cell := line.rpartition(b",")[0].strip()))


_tables: dict[tuple[Path, ...], Any] = {}


def _table(files: list[Path]) -> Any:
    """Return the boxes of all files as one table, the images, and ten classes."""
    from custom.submission import read_submissions
    from custom.tables import Categories, Predictions

    key = tuple(files)
    if key not in _tables:
        tables, images = read_submissions(files)
        columns = ("image_index", "bboxes", "scores", "labels")
        merged = [np.concatenate([getattr(t, name) for t in tables]) for name in columns]
        table = Predictions.from_rows(images.ids, *merged)
        _tables[key] = table, images, Categories.from_names([str(i) for i in range(10)])
    return _tables[key]


def _images(path: Path) -> Any:
    """Return the images of a CSV by its number of lines: to read it would count as memory."""
    from custom.tables import Categories, Images

    with path.open("rb") as stream:
        count = sum(1 for line in stream if line.strip()) - 1
    images = Images(np.arange(count), tuple(map(str, range(count))), np.zeros((count, 2), np.int64))
    return images, Categories.from_names([str(i) for i in range(10)])


def _results_file(files: list[Path]) -> Path:
    return files[0].with_suffix(".json") if len(files) == 1 else files[-1]


def _columns(records: list[dict[str, Any]]) -> int:
    for key in ("image_id", "category_id", "score", "bbox"):
        np.array([record[key] for record in records])
    return len(records)


def _records(table: Any) -> list[dict[str, Any]]:
    boxes = table.bboxes.copy()
    boxes[:, 2:] -= boxes[:, :2]
    rows = zip(table.image_index, table.labels, boxes, table.scores, strict=True)
    return [
        {"image_id": int(i), "category_id": int(c), "bbox": b.tolist(), "score": float(s)}
        for i, c, b, s in rows
    ]


def _numba_parser() -> Callable[[Any], Any]:
    import numba

    @numba.njit(cache=True)
    def parse(text: Any) -> Any:
        values = np.empty(text.size // 2 + 1)
        count, digits, decimals, seen = 0, 0, 0, False
        for position in range(text.size + 1):
            letter = text[position] if position < text.size else 32
            if letter == 46:
                seen = True
            elif letter == 32:
                values[count] = digits / 10.0**decimals
                count, digits, decimals, seen = count + 1, 0, 0, False
            else:
                digits = digits * 10 + letter - 48
                decimals += seen
        return values[:count]

    return parse


def peak_mb() -> float:
    """Return the highest memory of this process so far, in MB.

    Linux's own count: that of `getrusage` starts at the parent's.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM"))


def run_one(name: str, files: list[Path], repeat: int) -> None:
    """Run a contender in this process and print what it took."""
    global _measured
    with tempfile.TemporaryDirectory() as folder:
        out, warm, cpu = Path(folder) / "out", float("inf"), float("inf")
        before = peak_mb()
        for _ in range(repeat):
            _measured, start = None, _clocks()
            boxes = CONTENDERS[name](files, out)
            took = _measured or _since(start)
            warm, cpu = min(warm, took[0]), min(cpu, took[1])
    result = {"warm": warm, "cpu": cpu, "peak": peak_mb() - before, "boxes": boxes}
    print(json.dumps(result))


def measure(name: str, files: list[Path], repeat: int) -> dict[str, float]:
    """Run a contender in processes of its own: warm, and cold as the whole process."""
    command = [sys.executable, __file__, "--run", name, "--files", *map(str, files), "--repeat"]
    done = subprocess.run([*command, str(repeat)], capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    times = []
    for _ in range(2):
        start = time.perf_counter()
        subprocess.run([*command, "1"], capture_output=True, check=True)
        times.append(time.perf_counter() - start)
    return {**result, "cold": min(times)}


def compare(work: str, files: list[Path], repeat: int) -> None:
    """Print the contenders for one piece of work, and how much slower than ours each is."""
    size = sum(file.stat().st_size for file in files) / 1e6
    print(f"\n{work}: {len(files)} files, {size:.0f} MB")
    print(f"{'':32}{'warm s':>8}{'cpu s':>8}{'ratio':>7}{'cold s':>8}{'peak MB':>9}{'boxes':>9}")
    ours: dict[str, float] = {}
    for name in CONTENDERS:
        if name.startswith(work):
            found = measure(name, files, repeat)
            ours = ours or found
            print(
                f"{name.removeprefix(work + ': '):32}{found['warm']:8.3f}{found['cpu']:8.3f}"
                f"{found['cpu'] / ours['cpu']:7.1f}{found['cold']:8.3f}{found['peak']:9.0f}"
                f"{found['boxes']:9,.0f}"
            )


def grow(files: list[Path], factors: list[int], folder: Path) -> None:
    """Print how our time and memory grow with the number of boxes."""
    print("\ngrowth, boxes repeated on the same images (a box takes 48 bytes in a table)")
    print(f"{'boxes':>12}{'work':>13}{'cpu s':>9}{'us a box':>10}{'peak MB':>9}{'of table':>9}")
    for factor in factors:
        table, images, classes = _table(files * factor)
        path = folder / f"x{factor}.csv"
        from custom.submission import write_submission
        from custom.tables.coco import write_results

        write_submission(path, table, images, classes)
        write_results(path.with_suffix(".json"), table, classes)
        for work in ("csv read", "json read"):
            name = next(name for name in CONTENDERS if name.startswith(work))
            found = measure(name, [path], 1)
            print(
                f"{table.num_boxes:12,}{work:>13}{found['cpu']:9.3f}"
                f"{found['cpu'] / table.num_boxes * 1e6:10.2f}{found['peak']:9.0f}"
                f"{found['peak'] * 1e6 / (48 * table.num_boxes):9.1f}"
            )
        _tables.clear()


def main() -> None:
    """Compare, then show how it grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=SHARED_DATA)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--factors", type=int, nargs="*", default=[1, 10])
    parser.add_argument("--run", help=argparse.SUPPRESS)
    parser.add_argument("--files", type=Path, nargs="*", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run:
        run_one(args.run, args.files, args.repeat)
        return
    files = sorted((args.data / "predictions").glob("test_*.csv"))
    if not files:
        sys.exit(f"there must be test_*.csv in {args.data / 'predictions'}, but there is none")
    with tempfile.TemporaryDirectory() as name:
        from custom.tables.coco import write_results

        folder = Path(name)
        table, _, classes = _table(files)
        results = folder / "results.json"
        write_results(results, table, classes)
        compare("csv read", files, args.repeat)
        compare("csv write", files, args.repeat)
        compare("json read", [*files, results], args.repeat)
        compare("json write", files, args.repeat)
        grow(files, args.factors, folder)


if __name__ == "__main__":
    main()
