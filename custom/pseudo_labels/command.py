"""From predictions to an annotation file with pseudo-labels in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from custom.ensemble.config import FusionConfig
from custom.ensemble.preparing import Repairs
from custom.ensemble.recipe import Recipe, fuse_recipe
from custom.errors import PodiumError
from custom.evaluation import DEFAULT_METRIC, metric_of
from custom.files import check_replaceable, read_json, sha256_of, write_json
from custom.pseudo_labels.drift import drift_warnings
from custom.pseudo_labels.merge import merge, refuse_in_place, take_images
from custom.pseudo_labels.provenance import evaluating_fold, unseen_folds
from custom.runs import OutOfFold, Run, check_same_split, is_run, pool, read_evidence, read_run
from custom.submission import read_submission
from custom.submission.admit import admit
from custom.submission.meta import Meta, read_meta
from custom.tables import GroundTruth, Predictions
from custom.tables.coco import read_ground_truth
from custom.thresholds.applying import above
from custom.thresholds.precise import ClassThreshold, precise_thresholds
from custom.typed_json import from_json


@dataclass(frozen=True)
class Request:
    """What is wanted.

    Attributes:
        predictions: COCO results or a submission's CSV: a run's, or an ensemble's with its
            `.meta.json`.
        images: The COCO file that lists the predicted images.
        train: The annotated COCO file that is joined.
        out: The file to write.
        runs: The runs that made the predictions; those of the meta file, or the run itself, where
            there are none here.
        fold: The fold that will evaluate; None for the one that all runs left out.
        val_predictions: Predictions on annotated images that no source was trained on, to choose
            thresholds by; those of the runs where None.
        val_annotations: The annotations of those images.
        precision: The share of the taken boxes that must be right.
        min_support: Out-of-fold boxes that must stand behind a threshold.
        format_name: The format of CSV files.
        unjudged: Whether models that saw every fold may label, so that none can evaluate.
        overwrite: Whether `out` may be replaced.
    """

    predictions: str
    images: str
    train: str
    out: str
    runs: tuple[str, ...] = ()
    fold: int | None = None
    val_predictions: str | None = None
    val_annotations: str | None = None
    precision: float = 0.8
    min_support: int = 20
    format_name: str = "trash"
    unjudged: bool = False
    overwrite: bool = False


@dataclass(frozen=True)
class Result:
    """What was made.

    Attributes:
        path: The annotation file.
        thresholds: What was taken of each class.
        added: How many boxes were added, by class.
        num_images: How many images got boxes.
        num_left_out: How many got none and were left out.
        origin: What the file says of it in `info.pseudo_labels`.
        warnings: In what the added boxes differ from the annotated, and other doubts.
    """

    path: Path
    thresholds: tuple[ClassThreshold, ...]
    added: dict[str, int]
    num_images: int
    num_left_out: int
    origin: dict[str, Any]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _HowFused:
    """How an ensemble was fused, as its `.meta.json` has it."""

    configs: tuple[FusionConfig, ...]
    clip: bool = False
    drop_degenerate: bool = False
    dedupe: bool = False


def make_pseudo_labels(request: Request) -> Result:
    """Choose thresholds, take boxes above them, and write them with the annotations.

    Raises:
        PodiumError: If the file exists, a source saw the fold that will evaluate, the sources are
            not known, or no box is good enough.
    """
    refuse_in_place(request.out, request.train, request.images, request.predictions)
    remedy = "choose another --out, or replace it with --overwrite"
    check_replaceable([request.out], overwrite=request.overwrite, remedy=remedy)
    listed, train = read_ground_truth(request.images), read_ground_truth(request.train)
    found, _ = admit(
        read_submission(request.predictions, request.format_name, listed.images, listed.categories),
        listed.images,
        request.format_name,
    )
    meta, runs = read_meta(request.predictions), find_sources(request)
    unseen = _unseen(runs, request)
    gt, out_of_fold = _out_of_fold(request, runs, meta)
    how = (request.precision, request.min_support, *_matched_by(runs))
    thresholds = precise_thresholds(gt, out_of_fold, *how)
    score_thrs = {each.name: each.score_thr for each in thresholds}
    labels = found.keep(above(found, listed.categories, score_thrs))
    if not labels.num_boxes:
        raise PodiumError(
            f"{request.predictions}: no box is of a class and score that are right in "
            f"{request.precision:.0%} of out-of-fold boxes; lower --precision or --min-support"
        )
    labelled = take_images(listed.images, labels)
    labels = labels.aligned_to(labelled.ids)
    warnings = drift_warnings(_by_name(train, listed), labels, labelled)
    origin = _origin(request, runs, unseen, thresholds, labels, warnings)
    contents = (read_json(request.train), read_json(request.images))
    write_json(request.out, merge(*contents, labels, listed.categories, origin), indent=False)
    added = np.bincount(labels.labels, minlength=len(listed.categories))
    return Result(
        Path(request.out),
        thresholds,
        dict(zip(listed.categories.names, added.tolist(), strict=True)),
        len(labelled),
        len(listed.images) - len(labelled),
        origin,
        tuple(warnings),
    )


def _matched_by(runs: Sequence[Run]) -> tuple[float, str]:
    """Return the IoU and the rule by which a prediction is right: labels have equal boxes."""
    metric = metric_of(runs[0].record.metric if runs else DEFAULT_METRIC)
    return (metric.iou_thrs[0], metric.rule) if metric.is_of_labels else (0.5, "coco")


def find_sources(request: Request) -> list[Run]:
    """Return the runs that made the predictions, in the order in which they were fused.

    Raises:
        PodiumError: If they are not known and `unjudged` was not given, or are more or fewer than
            the predictions' meta file tells.
    """
    path = Path(request.predictions)
    told = list(read_meta(path).runs)
    names = list(request.runs)
    if not names and is_run(path):
        names = [str(path)]
    if not names:
        runs_folder = path.parent.parent / "runs"
        names = [str(runs_folder / name) for name in told]
    if not names and not request.unjudged:
        raise PodiumError(
            f"{path}: the runs that made the predictions must be known, to tell whether they saw "
            "the images that will evaluate the labels; name them with --runs, or do without an "
            "evaluation: --unjudged"
        )
    runs = [read_run(name) for name in names]
    named = [run.name for run in runs]
    if told and runs and len(runs) != len(told):
        raise PodiumError(
            f"--runs must be those that {path.with_suffix('.meta.json')} tells, {', '.join(told)}, "
            f"but are {', '.join(named)}"
        )
    # Fused files may be named otherwise than their runs: then the command line's order holds.
    return sorted(runs, key=lambda run: told.index(run.name)) if set(named) == set(told) else runs


def _unseen(runs: Sequence[Run], request: Request) -> list[int]:
    """Return the folds that can evaluate, after refusing sources that saw the one that will."""
    if not request.unjudged:
        evaluating_fold(runs, request.fold)
    return list(unseen_folds(runs)) if runs else []


def _out_of_fold(
    request: Request, runs: Sequence[Run], meta: Meta
) -> tuple[GroundTruth, Predictions]:
    """Return annotated images, and what the sources found on them without having seen them."""
    if request.val_predictions is not None:
        if request.val_annotations is None:
            raise PodiumError("--val-predictions needs --val-annotations: the boxes of the images")
        gt = read_ground_truth(request.val_annotations)
        layout = (request.format_name, gt.images, gt.categories)
        return gt, read_submission(request.val_predictions, *layout)
    if not runs:
        raise PodiumError("thresholds need out-of-fold predictions: --runs or --val-predictions")
    folds = sorted({run.val_fold for run in runs})
    if len(folds) > 1:
        check_same_split(runs)
        raise PodiumError(
            f"thresholds of an ensemble over folds {folds} cannot be chosen: no image is "
            "out of fold for all of its models; give --val-predictions and --val-annotations"
        )
    pooled = pool([[each] for each in read_evidence(runs)])
    if len(runs) == 1:
        return pooled.gt, pooled.models[0]
    return pooled.gt, _fused(pooled, meta)


def _fused(pooled: OutOfFold, meta: Meta) -> Predictions:
    """Fuse the val predictions as the test predictions were fused, so that scores mean the same."""
    if not meta.recipe:
        raise PodiumError(
            "how the ensemble was fused must be told by recipe.configs in its .meta.json, but is "
            "not; fuse again with tools/ensemble.py"
        )
    fused = from_json(_HowFused, meta.recipe, "the .meta.json of the ensemble: recipe")
    repairs = Repairs(fused.clip, fused.drop_degenerate, fused.dedupe)
    images = pooled.gt.images
    repaired, _ = repairs.apply(pooled.models, images)
    recipe = Recipe(fused.configs, models={}, split_hash="", scores={}, search={})
    return fuse_recipe(recipe, repaired, images).predictions


def _by_name(train: GroundTruth, listed: GroundTruth) -> GroundTruth:
    """Return the annotations with the labels of the listed classes, to compare the two."""
    if train.categories == listed.categories:
        return train
    if set(train.categories.names) != set(listed.categories.names):
        raise PodiumError(
            f"{listed.source} must have the classes of {train.source} "
            f"({', '.join(train.categories.names)}), but has {', '.join(listed.categories.names)}"
        )
    order = [listed.categories.names.index(name) for name in train.categories.names]
    return replace(train, categories=listed.categories, labels=np.array(order)[train.labels])


def _origin(
    request: Request,
    runs: Sequence[Run],
    unseen: list[int],
    thresholds: Sequence[ClassThreshold],
    labels: Predictions,
    warnings: Sequence[str],
) -> dict[str, Any]:
    """Return what the file keeps of where its pseudo-labels came from."""
    return {
        "name": Path(request.predictions).stem,
        "predictions": {"path": request.predictions, "hash": sha256_of(request.predictions)},
        "train": {"path": request.train, "hash": sha256_of(request.train)},
        "runs": [
            {
                "name": run.name,
                "fold": run.record.fold,
                "checkpoint_hash": run.record.checkpoint_hash,
            }
            for run in runs
        ],
        "split_hash": runs[0].split_hash if runs else None,
        "unseen_folds": unseen,
        "unjudged": request.unjudged,
        "precision": request.precision,
        "thresholds": [asdict(threshold) for threshold in thresholds],
        "boxes": labels.num_boxes,
        "images": labels.num_images,
        "warnings": list(warnings),
    }
