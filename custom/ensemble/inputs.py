"""What is fused: finished runs, or prediction files from anywhere, as aligned tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from custom.boxes import FloatArray
from custom.ensemble.config import check_weights
from custom.ensemble.preparing import Repairs
from custom.errors import PodiumError
from custom.files import canonical_hash
from custom.runs import (
    RECORD,
    Run,
    check_predicted_alike,
    check_same_split,
    folder_of,
    is_run,
    pool,
    read_evidence,
    read_run,
    runs_beside,
    siblings_of,
)
from custom.submission import read_submission, read_submissions
from custom.tables import Categories, GroundTruth, Images, Predictions
from custom.tables.coco import read_ground_truth
from custom.tables.images import first_duplicate


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
    if (double := first_duplicate([str(Path(path).resolve()) for path in paths])) is not None:
        raise PodiumError(f"every file must be named once, but {double} is named twice")
    folders = [path for path in paths if is_run(path)]
    if ann_file is None and images_file is None and len(folders) == len(paths):
        return _of_runs([read_run(path) for path in paths])
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


def _of_runs(runs: Sequence[Run]) -> Inputs:
    check_same_split(runs)
    tests = {run.record.data["test"].hash if "test" in run.record.data else None for run in runs}
    if len(tests) > 1:
        raise PodiumError(
            f"runs must have predicted on one test set, but {', '.join(r.name for r in runs)} "
            "differ; run tools/test.py again with the same --data-root"
        )
    images, categories = runs[0].test_set()
    models = tuple(run.read_predictions("test", images, categories) for run in runs)
    names = tuple(run.name for run in runs)
    digests = tuple(model.content_hash for model in models)
    val, notes = _evaluated(runs)
    return Inputs(names, models, images, categories, val, digests, tuple(runs), notes)


def _evaluated(runs: Sequence[Run]) -> tuple[ValInputs | None, tuple[str, ...]]:
    """Return where runs are scored, and what is to be known of it.

    A run on all folds has seen every image. Its siblings stand in for it, those given or else
    those beside it; where it has none, nothing can be said of an ensemble that it is in.
    """
    stand_ins = {
        run.name: siblings_of(run, runs) or siblings_of(run, runs_beside([run]))
        for run in runs
        if run.record.fold is None
    }
    if alone := [name for name, siblings in stand_ins.items() if not siblings]:
        return None, (
            f"{', '.join(alone)} was trained on all images and no sibling (the same config and "
            "seed on a fold) lies beside it, so that nothing can score it, nor an ensemble with it",
        )
    notes = []
    for run in runs:
        if siblings := stand_ins.get(run.name):
            check_predicted_alike(run, siblings)
            names = ", ".join(sibling.name for sibling in siblings)
            notes.append(f"{run.name} was trained on all images; {names} is scored in its place")
    scored = {
        each.folder.resolve(): each for run in runs for each in stand_ins.get(run.name, [run])
    }
    val = val_of_runs(list(scored.values()))
    position = dict(zip(scored, val.model_of_file, strict=True))
    firsts = [stand_ins.get(run.name, [run])[0].folder.resolve() for run in runs]
    return replace(val, model_of_file=tuple(position[first] for first in firsts)), tuple(notes)


def val_of_runs(runs: Sequence[Run]) -> ValInputs:
    """Join the folds of a model; score on the images that every model has out of fold."""
    keys, evidence = model_keys(runs), read_evidence(runs)
    members: dict[str, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        members[key].append(index)
    pooled = pool([[evidence[index] for index in group] for group in members.values()]).by_id()
    order = list(members)
    digests = tuple(
        canonical_hash(sorted(runs[index].identity for index in group))
        for group in members.values()
    )
    positions = tuple(order.index(key) for key in keys)
    split_hash = runs[0].split_hash
    return ValInputs(tuple(order), pooled.models, pooled.gt, positions, digests, split_hash)


def model_keys(runs: Sequence[Run]) -> list[str]:
    """Return for each run the model it is a fold of: its config and seed, or only itself."""
    folds: dict[str, list[int | None]] = defaultdict(list)
    for run in runs:
        folds[run.group].append(run.record.fold)
    return [
        run.group if len(folds[run.group]) == len(set(folds[run.group])) > 1 else run.name
        for run in runs
    ]


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
