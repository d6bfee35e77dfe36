"""Predictions made elsewhere: read onto exactly the images that they must be of, and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from custom.boxes import FloatArray
from custom.errors import PodiumError
from custom.evaluation import Metric
from custom.files import PathLike, read_json
from custom.runs.foreign_names import meant_images
from custom.submission.admit import repair
from custom.submission.checker import CHECKS, blocks, run_checks
from custom.submission.checks.distribution import check_threshold
from custom.submission.checks.subject import Issue, subject_of_table
from custom.submission.csv_file import read_csv
from custom.submission.formats import SubmissionFormat, format_for
from custom.submission.reader import rows_to_predictions
from custom.submission.rows import parse_rows
from custom.tables import Categories, GroundTruth, Images, Predictions
from custom.tables.coco import read_results
from custom.tables.images import first_duplicate
from custom.tables.predictions import concatenate
from custom.tables.results import results_of

# Detectors keep boxes of low scores, so they leave few images with objects without any.
SUSPICIOUS_SHARE = 0.2


@dataclass(frozen=True, eq=False)
class Place:
    """The images that a file must be of.

    Attributes:
        name: What they are, for messages: "fold 0", "the test set".
        images: These images.
        categories: The classes.
        others: All images of their annotation file; those not in `images` are refused by name.
        shares: Each class's share of the annotated boxes, shape (C,); None if unknown.
        annotated: Which of `images` have annotated boxes, shape (I,); None if unknown.
    """

    name: str
    images: Images
    categories: Categories
    others: Images
    shares: FloatArray | None = None
    annotated: Sequence[bool] | None = None

    @classmethod
    def of_fold(cls, name: str, gt: GroundTruth, annotations: GroundTruth) -> Place:
        """Return the images of a fold, whose boxes `gt` are a part of `annotations`."""
        counts = np.bincount(gt.labels, minlength=len(gt.categories))
        annotated = (np.diff(gt.offsets) > 0).tolist()
        shares = counts / max(1, gt.num_boxes)
        return cls(name, gt.images, gt.categories, annotations.images, shares, annotated)


def read_foreign(
    path: PathLike,
    place: Place,
    format_name: str,
    metric: Metric,
    clip: bool = False,
    drop_degenerate: bool = False,
    max_repaired: float | None = None,
    by_stem: bool = False,
) -> tuple[Predictions, list[str]]:
    """Read a file of predictions and check it as a submission is checked.

    Args:
        path: COCO results (`.json`), or a CSV file in the format.
        place: The images that it must be of. One without a row or box counts as looked at, with
            nothing found.
        format_name: A key of `FORMATS`.
        metric: Of the competition; one that punishes every false box wants no boxes of low score.
        clip: Limit boxes to their images.
        drop_degenerate: Drop boxes with x2 <= x1 or y2 <= y1.
        max_repaired: The largest share of the boxes that these two may touch; see `repair`.
        by_stem: Whether names that a labelling tool has changed are matched by their stems.

    Returns:
        The table on the place's images, in their order, and what a person must know.

    Raises:
        PodiumError: If the file is not readable, is of other images or classes, or has boxes that
            would not be right in a submission either.
    """
    form = format_for(path, format_name)
    read = _read_coco if form.suffix == ".json" else _read_csv
    table, renamed = read(path, form, place, by_stem)
    table, notes = repair(table, place.images, format_name, clip, drop_degenerate, max_repaired)
    notes = [*renamed, *notes]
    if not table.num_boxes:
        raise PodiumError(f"{path} must have predictions on {place.name}, but has no box on it")
    subject = subject_of_table(table, form, place.images, place.categories, place.shares)
    asked = [c for c in CHECKS if c is not check_threshold or not metric.punishes_false_boxes]
    found = run_checks(subject, asked)
    sentences = [_sentence(path, each) for each in found]
    if blocks(found):
        raise PodiumError("\n".join(sentences))
    return table, [*notes, *sentences, *_coverage(path, table, place)]


def _read_coco(
    path: PathLike, form: SubmissionFormat, place: Place, by_stem: bool
) -> tuple[Predictions, list[str]]:
    table, notes = _read_results(path, place, by_stem)
    inside = np.isin(place.others.ids, place.images.ids)
    strange = np.flatnonzero(~inside & (np.diff(table.offsets) > 0))
    _refuse_others(path, [place.others.file_names[i] for i in strange.tolist()], place)
    return table.aligned_to(place.images.ids), notes


def _read_results(path: PathLike, place: Place, by_stem: bool) -> tuple[Predictions, list[str]]:
    """Read COCO results whose `image_id` is an id, or a file's name as YOLO's exports have it."""
    if not by_stem:
        try:
            return read_results(path, place.others, place.categories), []
        except PodiumError as error:
            if not Path(path).is_file():
                raise
            refused = error
    content = read_json(path)
    entries = content if isinstance(content, list) else []
    values = [entry.get("image_id") for entry in entries if isinstance(entry, dict)]
    are_names = [isinstance(value, str) for value in values]
    if not values or len(values) != len(entries) or not all(are_names):
        if by_stem:
            raise PodiumError(
                f"{path}: --match stem is for image_id that are file names, but some are numbers; "
                "leave it out"
            )
        raise refused
    must = f"image_id must name an image of {place.name}, like {place.images.file_names[0]!r}"
    meant = meant_images(list(map(str, values)), place.others, path, must, by_stem)
    ids = place.others.ids.tolist()
    named = [{**entry, "image_id": ids[meant.index_of[entry["image_id"]]]} for entry in entries]
    return results_of(named, path, place.others, place.categories), meant.notes


def _read_csv(
    path: PathLike, form: SubmissionFormat, place: Place, by_stem: bool
) -> tuple[Predictions, list[str]]:
    if not Path(path).is_file():
        raise PodiumError(f"cannot read {path}: there is no such file")
    rows = parse_rows(read_csv(path), form)
    id_of, notes = _ids_of_rows(path, rows.names, form, place, by_stem)
    image_ids = np.array([id_of[name] for name in rows.names], np.int64)
    if (double := first_duplicate(image_ids)) is not None:
        same = [name for name in rows.names if id_of[name] == double]
        raise PodiumError(
            f"{path}: each row must be of another image, but {same[0]!r} and {same[1]!r} are of one"
        )
    found = rows_to_predictions(rows, image_ids, place.categories)
    missing = Predictions.empty(np.setdiff1d(place.images.ids, image_ids))
    return concatenate([found, missing], str(path)).aligned_to(place.images.ids), notes


def _ids_of_rows(
    path: PathLike, rows: Sequence[str], form: SubmissionFormat, place: Place, by_stem: bool
) -> tuple[dict[str, int], list[str]]:
    """Return the id of each row's image, and how names were read that are not as they stand."""
    others = form.row_id != "position"  # which counts the images of the place alone
    images = place.others if others else place.images
    id_of = dict(zip(form.row_names(images), images.ids.tolist(), strict=True))
    example = form.row_names(place.images)[0]
    must = f"{form.id_column} must name an image of {place.name}, like {example!r}"
    strange = [name for name in rows if name not in id_of]
    notes: list[str] = []
    if strange and not others:
        raise PodiumError(f"{path}: {must}, but {strange[0]!r} does not ({len(strange)} such)")
    if strange:
        meant = meant_images(strange, images, path, must, by_stem)
        ids, notes = images.ids.tolist(), meant.notes
        id_of |= {name: ids[index] for name, index in meant.index_of.items()}
    inside = set(place.images.ids.tolist())
    _refuse_others(path, [name for name in rows if id_of[name] not in inside], place)
    return id_of, notes


def _refuse_others(path: PathLike, names: Sequence[str], place: Place) -> None:
    if names:
        raise PodiumError(
            f"{path} must be of the images of {place.name} only, but {names[0]} is not one of them "
            f"({len(names)} such); a model has seen the images of the other folds: export the "
            f"predictions on the {len(place.images)} images of {place.name}"
        )


def _coverage(path: PathLike, table: Predictions, place: Place) -> list[str]:
    """Say where so many images have no box that a part of the file may be lost."""
    expected = np.asarray(place.annotated or [True] * len(place.images))
    without = expected & (np.diff(table.offsets) == 0)
    if without.sum() <= SUSPICIOUS_SHARE * expected.sum():
        return []
    first = place.images.file_names[int(np.argmax(without))]
    kind = "images" if place.annotated is None else "images with annotated boxes"
    return [
        f"{path}: {int(without.sum())} of {int(expected.sum())} {kind} of {place.name} have no "
        f"prediction, the first is {first}; they count as looked at, with nothing found. Was a "
        "part of the file lost, or a high score threshold used?"
    ]


def _sentence(path: PathLike, issue: Issue) -> str:
    return f"{path}: {issue.text}"
