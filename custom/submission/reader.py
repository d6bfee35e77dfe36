"""Submissions to tables: every row and box accounted for, or an error that names it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from custom.boxes import BoolArray, FloatArray, IntArray
from custom.errors import PodiumError
from custom.files import PathLike
from custom.submission.csv_file import read_csv
from custom.submission.formats import SubmissionFormat, format_for
from custom.submission.label_cells import parse_labels
from custom.submission.rows import Rows, parse_rows, row_names_of
from custom.tables import Categories, Images, Predictions


def read_submission(
    path: PathLike,
    format_name: str = "trash",
    images: Images | None = None,
    categories: Categories | None = None,
) -> Predictions:
    """Read a submission into a table.

    The structure is checked here: header, ids, whole boxes, finite numbers, known classes.
    Boxes and scores are taken as they are; `check_submission` judges them.

    Args:
        path: A CSV file in the format, or a COCO results file (`.json`) whatever the format.
        format_name: A key of `FORMATS`.
        images: The images that the rows must name, each once, in any order; the table follows
            their order. None: the file's rows in order, with ids 0..I-1.
        categories: The classes that the numbers or names stand for. None: numbers are labels,
            names are labelled by the format's own order.

    Raises:
        PodiumError: If the file is not in that format, or names other images or classes; the
            message names line, image and box.
    """
    form = format_for(path, format_name)
    if form.suffix == ".json":
        return _read_coco(path, images, categories)
    if form.holds_labels:
        rows, categories = parse_labels(read_csv(path), form, images, categories)
    else:
        rows = parse_rows(read_csv(path), form)
    if images is None:
        return rows_to_predictions(rows, np.arange(len(rows.names)), categories)
    order, ids = align_names(rows, images)
    return rows_to_predictions(rows, ids, categories).take(order)


def read_submissions(
    paths: Sequence[PathLike],
    format_name: str = "trash",
    images: Images | None = None,
    categories: Categories | None = None,
    size_hw: tuple[int, int] = (0, 0),
) -> tuple[list[Predictions], Images]:
    """Read several submissions of the same images, aligned by the names of their rows.

    Args:
        paths: At least one file, read by `read_submission`.
        format_name: A key of `FORMATS`.
        images: The images. None: those of the first file, in its order, with ids 0..I-1; every
            file must then be a CSV, since COCO results do not say what was looked at.
        categories: The classes; None: see `read_submission`.
        size_hw: The size given to images that come from a CSV; (0, 0) says that it is unknown.

    Raises:
        PodiumError: If a file has other images than the first: the first missing one is named.
    """
    if not paths:
        raise PodiumError("there must be at least one submission to read, but there is none")
    if images is None:
        images = read_images(paths[0], format_name, size_hw)
    return [read_submission(path, format_name, images, categories) for path in paths], images


def read_images(
    path: PathLike, format_name: str = "trash", size_hw: tuple[int, int] = (0, 0)
) -> Images:
    """Return the images that a CSV's rows name, with ids 0..I-1 and all of one size."""
    form = format_for(path, format_name)
    if form.suffix == ".json":
        raise _needs_images(path)
    names = row_names_of(read_csv(path), form)
    sizes = np.tile(np.array(size_hw, dtype=np.int64), (len(names), 1))
    return Images(np.arange(len(names)), names, sizes, str(path))


def rows_to_predictions(
    rows: Rows, image_ids: IntArray, categories: Categories | None
) -> Predictions:
    """Return rows as a table over `image_ids`, one a row.

    Raises:
        PodiumError: If a value is no finite number, or a class is unknown.
    """
    _refuse_unreadable(rows)
    labels = _labels(rows, categories)
    table = (rows.offsets, rows.bboxes, rows.scores, labels)
    return Predictions(image_ids, *table, source=rows.source)


def align_names(rows: Rows, images: Images) -> tuple[IntArray, IntArray]:
    """Return the rows in the order of `images`, and the image id of each row.

    Raises:
        PodiumError: If a row names no image, or an image has no row.
    """
    expected = rows.format.row_names(images)
    row_of = {name: row for row, name in enumerate(rows.names)}
    missing = [name for name in expected if name not in row_of]
    surplus = set(rows.names).difference(expected)
    for what, found in (("misses", missing), ("also has", sorted(surplus))):
        if found:
            raise PodiumError(
                f"{rows.source} must have a row for each of the {len(expected)} images of "
                f"{images.source or 'the data set'}, but {what} {found[0]!r} ({len(found)} such)"
            )
    order = np.array([row_of[name] for name in expected], dtype=np.int64)
    ids = np.empty(len(order), dtype=np.int64)
    ids[order] = images.ids
    return order, ids


def _refuse_unreadable(rows: Rows) -> None:
    if rows.refused:
        box, field, token = rows.refused[0]
        what = rows.format.fields[field]
        allowed = ", ".join(rows.format.classes or ()) if what == "label" else ""
        raise PodiumError(
            f"{rows.source}, {rows.where(box)}: {what} must be "
            f"{f'one of {allowed}' if allowed else 'a number'}, but is {token.lstrip('?')!r}"
        )
    if (broken := np.flatnonzero(~np.isfinite(rows.values).all(axis=1))).size:
        box = int(broken[0])
        raise PodiumError(
            f"{rows.source}, {rows.where(box)} must be finite numbers ({rows.format.layout}), "
            f"but is {rows.values[box].tolist()} ({broken.size} such boxes)"
        )


def _labels(rows: Rows, categories: Categories | None) -> IntArray:
    """Return labels 0..C-1 for the numbers or names of the file."""
    known = known_numbers(rows.format, categories)
    numbers = rows.labels
    labels, valid = look_up(numbers, known)
    if not valid.all():
        box = int(np.flatnonzero(~valid)[0])
        allowed = "0, 1, 2, ..." if known is None else ", ".join(map(str, known[:, 0]))
        raise PodiumError(
            f"{rows.source}, {rows.where(box)}: label must be one of {allowed}, but is "
            f"{numbers[box]:g} ({int((~valid).sum())} such boxes)"
        )
    return labels


def look_up(numbers: FloatArray, known: IntArray | None) -> tuple[IntArray, BoolArray]:
    """Return the labels (N,) that numbers (N,) stand for, and where they stand for one.

    Args:
        numbers: What the file has; NaN stands for nothing.
        known: As `known_numbers` returns it.
    """
    labels = np.floor(np.nan_to_num(numbers, nan=-1.0)).astype(np.int64)
    valid = (labels == numbers) & (labels >= 0)
    if known is not None:
        place = np.searchsorted(known[:, 0], labels).clip(max=len(known) - 1)
        valid &= known[place, 0] == labels
        labels = known[place, 1]
    return labels, valid


def known_numbers(form: SubmissionFormat, categories: Categories | None) -> IntArray | None:
    """Return what may stand for a class, ascending, with its label, shape (C, 2); None: anything.

    Raises:
        PodiumError: If the format cannot hold the categories.
    """
    if categories is None:
        return None
    numbers = form.class_numbers(categories)
    return np.array(sorted(zip(numbers, range(len(numbers)), strict=True)), dtype=np.int64)


def _needs_images(path: PathLike) -> PodiumError:
    return PodiumError(
        f"{path}: COCO results do not say on which images nothing was found; name the images, "
        "for example by the data set's test.json"
    )


def _read_coco(path: PathLike, images: Images | None, categories: Categories | None) -> Predictions:
    from custom.tables.coco import read_results

    if images is None:
        raise _needs_images(path)
    if categories is None:
        raise PodiumError(f"{path}: the classes must be given to read COCO results, but are not")
    return read_results(path, images, categories)
