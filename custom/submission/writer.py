"""Tables to submissions."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from custom.boxes import IntArray
from custom.errors import PodiumError
from custom.files import PathLike, write_bytes
from custom.submission.csv_file import format_numbers, join_csv
from custom.submission.formats import SubmissionFormat, format_for
from custom.submission.label_cells import label_rows
from custom.submission.rows import to_columns
from custom.tables import Categories, Images, Predictions


def write_submission(
    path: PathLike,
    predictions: Predictions,
    images: Images,
    categories: Categories,
    format_name: str = "trash",
) -> None:
    """Write a table in a competition's format, whole or not at all.

    Args:
        path: A CSV file, or COCO results where it ends in `.json`.
        predictions: The boxes; every image must be in the table, with or without boxes.
        images: The images, one row each, in this order.
        categories: The classes; their ids or names are what is written.
        format_name: A key of `FORMATS`.

    Raises:
        PodiumError: If an image is missing, a number is not finite, a label has no class, or the
            format cannot hold the classes.
    """
    form = format_for(path, format_name)
    table = predictions.aligned_to(images.ids)
    _check_values(table, categories)
    if form.suffix == ".json":
        from custom.tables.coco import write_results

        write_results(path, table, categories)
        return
    form.check_categories(categories)
    names = form.row_names(images)
    if form.holds_labels:
        header = [form.id_column, *categories.names]
        write_bytes(path, join_csv(header, label_rows(table, images, categories, form)))
        return
    cells = _cells(_box_texts(table, categories, form), table.offsets, form)
    rows = {form.id_column: names, form.string_column: cells}
    columns = [rows[column] for column in form.columns]
    write_bytes(path, join_csv(form.columns, zip(*columns, strict=True)))


def _check_values(table: Predictions, categories: Categories) -> None:
    finite = np.isfinite(table.scores) & np.isfinite(table.bboxes).all(axis=1)
    known = (table.labels >= 0) & (table.labels < len(categories))
    for what, valid in (("finite numbers", finite), (f"a label 0..{len(categories) - 1}", known)):
        if not valid.all():
            box = int(np.flatnonzero(~valid)[0])
            values = [int(table.labels[box]), float(table.scores[box]), *table.bboxes[box].tolist()]
            image = int(table.image_index[box])
            raise PodiumError(
                f"{table.source or 'predictions'}: box {box - int(table.offsets[image]) + 1} of "
                f"image {table.image_ids[image]} must have {what}, but is "
                f"label {values[0]}, score {values[1]}, box {values[2:]}"
            )


def _box_texts(table: Predictions, categories: Categories, form: SubmissionFormat) -> list[bytes]:
    """Return each box as the format's numbers, in its order."""
    columns = to_columns(table, categories, form)
    if not form.has_label:
        return format_numbers(columns)
    if form.fields[0] != "label":
        raise PodiumError(f"format {form.name!r} must put the label first, but is {form.layout}")
    shown, labels = _shown(categories, form), table.labels.tolist()
    numbers = format_numbers(columns[:, 1:])
    return [shown[label] + b" " + rest for label, rest in zip(labels, numbers, strict=True)]


def _shown(categories: Categories, form: SubmissionFormat) -> list[bytes]:
    """Return what stands for each label."""
    shown = categories.ids if form.classes is None else categories.names
    return [str(value).encode() for value in shown]


def _cells(texts: list[bytes], offsets: IntArray, form: SubmissionFormat) -> list[str]:
    """Return the cell of each image."""
    ends = offsets.tolist()
    tail = b" " if form.trailing_space else b""
    cells = [b" ".join(texts[a:b]) + tail if b > a else b"" for a, b in pairwise(ends)]
    return [cell.decode() if cell else form.empty for cell in cells]
