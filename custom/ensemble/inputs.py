"""What is fused: finished runs, or prediction files from anywhere, as aligned tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from custom.boxes import FloatArray
from custom.ensemble.config import check_weights
from custom.ensemble.preparing import Repairs, dedupe
from custom.errors import PodiumError
from custom.files import real_path
from custom.run_folder import RECORD, folder_of, is_run
from custom.submission import read_submission, read_submissions
from custom.tables import Categories, GroundTruth, Images, Predictions
from custom.tables.coco import read_ground_truth
from custom.tables.images import first_duplicate

if TYPE_CHECKING:
    from custom.runs import Run


@dataclass(frozen=True)
class ValInputs:
    """Predictions on labelled images, to score every model and the ensemble.

    Attributes:
        names: One a model; the folds of one config and seed are one model here.
        models: Their out-of-fold predictions, on the images of `gt`.
        gt: The labelled images that all models cover.
        model_of_file: For each fused file the position of its model in `models`.
        digests: What identifies each model: its checkpoints, or the content of its file.
        split_hash: Of the sealed split; empty where files came without runs.
    """

    names: tuple[str, ...]
    models: tuple[Predictions, ...]
    gt: GroundTruth
    model_of_file: tuple[int, ...]
    digests: tuple[str, ...]
    split_hash: str = ""

    @property
    def file_models(self) -> tuple[str, ...]:
        """The name of each file's model."""
        return tuple(self.names[position] for position in self.model_of_file)

    @property
    def identities(self) -> dict[str, str]:
        """What identifies each model, by name."""
        return dict(zip(self.names, self.digests, strict=True))

    @cached_property
    def shares(self) -> FloatArray:
        """Each class's share of the annotated boxes, shape (C,)."""
        counts = np.bincount(self.gt.labels, minlength=len(self.gt.categories))
        return counts / max(1, self.gt.num_boxes)

    def weights(self, weights: Sequence[float] | None) -> tuple[float, ...] | None:
        """Return a weight for each model: the mean of its files' weights."""
        if weights is None:
            return None
        of_file = np.asarray(self.model_of_file)
        given = np.asarray(check_weights(weights, len(of_file)))
        return tuple(float(given[of_file == model].mean()) for model in range(len(self.models)))


@dataclass(frozen=True)
class Inputs:
    """What is fused, and where it is scored.

    Attributes:
        names: One a file.
        models: One table a file, on the images of `images`.
        images: The images to submit, in the order of the submission.
        categories: The classes.
        val: Where the ensemble is scored; None where nothing is labelled.
        digests: What identifies the content of each file, as it was read.
        runs: The runs' names, where files belong to runs.
        notes: What is to be known of the scores on val.
    """

    names: tuple[str, ...]
    models: tuple[Predictions, ...]
    images: Images
    categories: Categories
    val: ValInputs | None
    digests: tuple[str, ...]
    runs: tuple[Run, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def unscored(self) -> str:
        """Why there is nothing to score on, for messages where `val` is None."""
        known = "no labelled images are known; give runs, or name them with --ann"
        return self.notes[0] if self.notes else known

    @property
    def is_scored_as_submitted(self) -> bool:
        """Whether the tables that are scored are those that are fused."""
        return self.val is not None and self.val.models is self.models

    def prepared(self, repairs: Repairs, format_name: str) -> tuple[Inputs, list[str]]:
        """Return the inputs, checked and repaired once, and what was changed or noticed.

        Raises:
            PodiumError: As `preparing.prepare`.
        """
        val, shares = self.val, None if self.val is None else self.val.shares
        given = (format_name, self.categories, shares)
        models, notes = repairs.apply(self.models, self.images, *given)
        tables = tuple(models)
        if val is not None and self.is_scored_as_submitted:
            val = replace(val, models=tables)
        elif val is not None:
            scored, others = repairs.apply(val.models, val.gt.images, *given)
            val, notes = replace(val, models=tuple(scored)), [*others, *notes]
        return replace(self, models=tables, val=val), notes

    def without_duplicates(self) -> Inputs:
        """Return the inputs without the boxes that repeat a better one of the same model."""
        models, val = tuple(dedupe(model) for model in self.models), self.val
        if val is not None:
            scored = models if self.is_scored_as_submitted else tuple(map(dedupe, val.models))
            val = replace(val, models=scored)
        return replace(self, models=models, val=val)


def read_inputs(
    paths: Sequence[str],
    ann_file: str | None = None,
    images_file: str | None = None,
    format_name: str = "trash",
    val_paths: Sequence[str] = (),
) -> Inputs:
    """Read what is to be fused.

    Args:
        paths: Test predictions of runs (`runs/<run>.json`), or prediction files from anywhere.
        ann_file: Labelled images; the ensemble is scored on them. The files cover them, unless
            `images_file` lists others.
        images_file: COCO file with the full list of images, where the files are not of runs.
        val_paths: The same models' predictions on the images of `ann_file`, in the order of
            `paths`, where these are on other images.
        format_name: The format of CSV files, a key of `custom.submission.FORMATS`.

    Raises:
        PodiumError: If a file is named twice, files of runs and others are mixed, runs are of
            different splits or test sets, or a file does not fit the images.
    """
    if (double := first_duplicate([str(real_path(path)) for path in paths])) is not None:
        raise PodiumError(f"every file must be named once, but {double} is named twice")
    folders = [path for path in paths if is_run(path)]
    if ann_file is None and images_file is None and len(folders) == len(paths):
        from custom.ensemble.run_inputs import of_runs  # what it imports is for runs alone

        return of_runs(paths)
    if ann_file is None and images_file is None and folders:
        strange = next(path for path in paths if path not in folders)
        raise PodiumError(
            f"{strange} must be the predictions of a run, as {folders[0]} is, but there is no "
            f"{folder_of(strange) / RECORD}; name the images of all files with "
            "--images, and score them with --ann"
        )
    if val_paths:
        return _with_val(paths, val_paths, ann_file, images_file, format_name)
    return _of_files(paths, ann_file, images_file, format_name)


def _of_files(
    paths: Sequence[str], ann_file: str | None, images_file: str | None, format_name: str
) -> Inputs:
    labelled = _read_labelled(ann_file) if ann_file else None
    listed = read_ground_truth(images_file) if images_file else labelled
    if listed is None:
        tables, images = read_submissions(paths, format_name)
        num_classes = 1 + max((int(t.labels.max(initial=0)) for t in tables), default=0)
        categories = Categories.from_names([str(label) for label in range(num_classes)])
    else:
        images, categories = listed.images, listed.categories
        tables = [read_submission(path, format_name, images, categories) for path in paths]
    names, models = tuple(Path(path).stem for path in paths), tuple(tables)
    digests = tuple(model.content_hash for model in models)
    val = None
    if labelled is not None:
        scored = models if listed is labelled else _on_labelled(models, images, labelled)
        val = ValInputs(names, scored, labelled, tuple(range(len(names))), digests)
    return Inputs(names, models, images, categories, val, digests)


def _with_val(
    paths: Sequence[str],
    val_paths: Sequence[str],
    ann_file: str | None,
    images_file: str | None,
    format_name: str,
) -> Inputs:
    """Return files on a list of images, scored by other files on labelled images."""
    if ann_file is None or images_file is None:
        raise PodiumError(
            "--val needs --ann, the labelled images that its files cover, and --images, the list "
            "of images that the files to fuse cover"
        )
    if len(val_paths) != len(paths):
        raise PodiumError(
            f"--val must name one file for each of the {len(paths)} files, in their order, but "
            f"names {len(val_paths)}"
        )
    inputs, scored = (
        _of_files(paths, None, images_file, format_name),
        _of_files(val_paths, ann_file, None, format_name),
    )
    if inputs.categories != scored.categories:
        raise PodiumError(
            f"{images_file} must have the classes of {ann_file} "
            f"({', '.join(scored.categories.names)}), but has {', '.join(inputs.categories.names)}"
        )
    return replace(inputs, val=scored.val)


def _read_labelled(ann_file: str) -> GroundTruth:
    labelled = read_ground_truth(ann_file)
    if labelled.num_boxes == 0:
        raise PodiumError(
            f"{ann_file} must have annotated boxes to score on, but has none; name a list of "
            "images without boxes with --images"
        )
    return labelled


def _on_labelled(
    models: Sequence[Predictions], images: Images, labelled: GroundTruth
) -> tuple[Predictions, ...]:
    """Return tables on `images` as tables on the labelled images, which must be some of them."""
    index = [images.index_of_name.get(name, -1) for name in labelled.images.file_names]
    if -1 in index:
        first = labelled.images.file_names[index.index(-1)]
        raise PodiumError(
            f"{images.source} must list the images of {labelled.source} too, since the files cover "
            f"its images, but lacks {first!r} ({index.count(-1)} such); give the same models' "
            "files on the labelled images by --val, or search on them alone and fuse with --recipe"
        )
    ids = labelled.images.ids
    return tuple(model.take(index).with_columns(image_ids=ids) for model in models)
