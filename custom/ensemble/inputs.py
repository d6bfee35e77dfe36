"""What is fused: finished runs, or prediction files from anywhere, as aligned tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from custom.ensemble.config import check_weights
from custom.ensemble.hashes import table_hash
from custom.errors import PodiumError
from custom.files import canonical_hash
from custom.runs import (
    RECORD,
    Run,
    check_same_split,
    folder_of,
    is_run,
    pool,
    read_evidence,
    read_run,
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
        runs: The runs' names, where files belong to runs.
    """

    names: tuple[str, ...]
    models: tuple[Predictions, ...]
    images: Images
    categories: Categories
    val: ValInputs | None
    runs: tuple[Run, ...] = ()


def read_inputs(
    paths: Sequence[str],
    ann_file: str | None = None,
    images_file: str | None = None,
    format_name: str = "trash",
) -> Inputs:
    """Read what is to be fused.

    Args:
        paths: Test predictions of runs (`runs/<run>.json`), or prediction files from anywhere.
        ann_file: Labelled images that the files cover; the ensemble is scored on them.
        images_file: COCO file with the full list of images, where the files are not of runs.
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
    return Inputs(names, models, images, categories, val_of_runs(runs), tuple(runs))


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
    listing = ann_file or images_file
    listed = read_ground_truth(listing) if listing else None
    if listed is None:
        tables, images = read_submissions(paths, format_name)
        num_classes = 1 + max((int(t.labels.max(initial=0)) for t in tables), default=0)
        categories = Categories.from_names([str(label) for label in range(num_classes)])
    else:
        images, categories = listed.images, listed.categories
        tables = [read_submission(path, format_name, images, categories) for path in paths]
    names = tuple(Path(path).stem for path in paths)
    val = None
    if ann_file is not None and listed is not None:
        if listed.num_boxes == 0:
            raise PodiumError(
                f"{ann_file} must have annotated boxes to score on, but has none; name a list of "
                "images without boxes with --images"
            )
        digests = tuple(table_hash(table) for table in tables)
        val = ValInputs(names, tuple(tables), listed, tuple(range(len(names))), digests)
    return Inputs(names, tuple(tables), images, categories, val)
