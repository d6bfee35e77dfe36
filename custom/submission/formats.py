"""The table of submission formats: one entry each, nothing else knows what they look like."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from custom.errors import PodiumError
from custom.evaluation.metrics import DEFAULT_METRIC
from custom.tables import Categories, Images
from custom.tables.images import first_duplicate

# What names a row: the image's file name as it is, its base name without extension,
# or its position in the list of images.
RowId = Literal["file_name", "stem", "position"]
# What stands in the cells: boxes, or a column a class with the probability, or with 0 or 1.
Cells = Literal["boxes", "probabilities", "zero_one"]


@dataclass(frozen=True)
class SubmissionFormat:
    """How one competition writes boxes, or labels of whole images.

    Attributes:
        name: The key in `FORMATS`.
        competition: The competition's name, for messages.
        layout: The numbers of a box in their order: `score` and `x1 y1 x2 y2` or `x y w h`,
            with `label` where there are classes.
        columns: Names of the two CSV columns in the order that is written; both orders are read.
            The one that is not `id_column` holds the boxes.
        id_column: The column that names the image.
        row_id: What stands in that column.
        empty: The cell of an image on which nothing was found.
        trailing_space: Whether a space follows every box on writing; both are read.
        classes: The class names that stand in place of numbers; None where numbers stand.
        metric: What the competition scores by, a name in `custom.evaluation.METRICS`.
        suffix: Extension of the file.
        cells: What the cells hold. With labels there is a column a class beside `columns`.
    """

    name: str
    competition: str
    layout: str = "label score x1 y1 x2 y2"
    columns: tuple[str, ...] = ("image_id", "PredictionString")
    id_column: str = "image_id"
    row_id: RowId = "file_name"
    empty: str = ""
    trailing_space: bool = False
    classes: tuple[str, ...] | None = None
    metric: str = DEFAULT_METRIC
    suffix: str = ".csv"
    cells: Cells = "boxes"

    @property
    def holds_labels(self) -> bool:
        """Whether it holds labels of whole images instead of boxes."""
        return self.cells != "boxes"

    @property
    def fields(self) -> tuple[str, ...]:
        """The numbers of a box, by name, in their order."""
        return tuple(self.layout.split())

    @property
    def has_label(self) -> bool:
        """Whether a box says its class."""
        return "label" in self.fields

    @property
    def is_xywh(self) -> bool:
        """Whether a box is corner and size."""
        return "w" in self.fields

    @property
    def box_fields(self) -> tuple[str, ...]:
        """The four numbers that say where a box is, by name."""
        return ("x", "y", "w", "h") if self.is_xywh else ("x1", "y1", "x2", "y2")

    def scored_by(self, metric: str | None) -> SubmissionFormat:
        """Return the format where another metric decides; itself for None."""
        return self if metric is None else replace(self, metric=metric)

    @property
    def string_column(self) -> str:
        """The column that holds the boxes."""
        return next(column for column in self.columns if column != self.id_column)

    def row_names(self, images: Images) -> list[str]:
        """Return what names the row of each image.

        Raises:
            PodiumError: If two images would have the same row.
        """
        if self.row_id == "position":
            return [str(index) for index in range(len(images))]
        if self.row_id == "file_name":
            return list(images.file_names)
        names = [PurePosixPath(name).stem for name in images.file_names]
        if (double := first_duplicate(names)) is not None:
            raise PodiumError(
                f"{images.source}: format {self.name!r} names images without folder and extension, "
                f"so these must be unique, but {double!r} stands twice"
            )
        return names

    def class_numbers(self, categories: Categories) -> tuple[int, ...]:
        """Return what stands for each class: its id, its place in `classes`, or 0 for the only one.

        Raises:
            PodiumError: If the format cannot hold the classes.
        """
        self.check_categories(categories)
        if self.classes is not None:
            return tuple(self.classes.index(name) for name in categories.names)
        return categories.ids if self.has_label else (0,)

    def check_categories(self, categories: Categories) -> None:
        """Refuse classes that the format cannot write.

        Raises:
            PodiumError: If there are several and a box has no label, or a name is not one of
                the competition's.
        """
        if not self.has_label and len(categories) != 1:
            raise PodiumError(
                f"format {self.name!r} has no class in its rows, so there must be one class, "
                f"but there are {len(categories)}: {', '.join(categories.names)}"
            )
        unknown = set(categories.names) - set(self.classes or categories.names)
        if unknown:
            raise PodiumError(
                f"classes of format {self.name!r} must be among {', '.join(self.classes or ())}, "
                f"but there is {min(unknown)!r}"
            )


_ENTRIES = (
    SubmissionFormat(
        "trash", "recycling trash", columns=("PredictionString", "image_id"), trailing_space=True
    ),
    SubmissionFormat("wheat", "Global Wheat", "score x y w h", row_id="stem", metric="wheat"),
    SubmissionFormat(
        "vinbigdata",
        "VinBigData chest X-ray",
        row_id="stem",
        empty="14 1 0 0 1 1",
        metric="vinbigdata",
    ),
    SubmissionFormat(
        "rsna",
        "RSNA pneumonia",
        "score x y w h",
        columns=("patientId", "PredictionString"),
        id_column="patientId",
        row_id="stem",
        metric="rsna",
    ),
    SubmissionFormat(
        "siim",
        "SIIM COVID-19",
        columns=("Id", "PredictionString"),
        id_column="Id",
        row_id="stem",
        empty="none 1 0 0 1 1",
        classes=("negative", "typical", "indeterminate", "atypical", "opacity"),
        metric="siim",
    ),
    SubmissionFormat(
        "gbr",
        "GBR crown-of-thorns",
        "score x y w h",
        columns=("index", "annotations"),
        id_column="index",
        row_id="position",
        metric="gbr_f2",
    ),
    SubmissionFormat(
        "labels",
        "labels of images",
        columns=("image",),
        id_column="image",
        metric="ranking_AP",
        cells="probabilities",
    ),
    SubmissionFormat(
        "labels01",
        "labels of images, yes or no",
        columns=("image",),
        id_column="image",
        metric="ranking_AP",
        cells="zero_one",
    ),
    SubmissionFormat("coco", "COCO results", "label score x y w h", columns=(), suffix=".json"),
)

FORMATS: dict[str, SubmissionFormat] = {entry.name: entry for entry in _ENTRIES}


def format_of(name: str) -> SubmissionFormat:
    """Return the format of that name.

    Raises:
        PodiumError: If there is none.
    """
    if name not in FORMATS:
        raise PodiumError(f"format must be one of {', '.join(FORMATS)}, but is {name!r}")
    return FORMATS[name]


def format_for(path: str | os.PathLike[str], format_name: str) -> SubmissionFormat:
    """Return the format of a file: COCO results where it ends in `.json`, else `format_name`."""
    return FORMATS["coco"] if os.fspath(path).lower().endswith(".json") else format_of(format_name)
