"""Out-of-fold predictions of runs, as one table over all images that they judge."""

from __future__ import annotations

from collections.abc import Sequence

from custom.ensemble import FusionConfig, fuse
from custom.ensemble.options import of_labels
from custom.evaluation import metric_of
from custom.runs import Evidence, Run, check_same_boxes, check_same_split, pool, read_evidence
from custom.tables import GroundTruth, Predictions
from custom.tables.ground_truth import concatenate as concatenate_ground_truth
from custom.tables.predictions import concatenate as concatenate_predictions


def out_of_fold(runs: Sequence[Run]) -> tuple[GroundTruth, Predictions]:
    """Return the annotations that runs were judged by, and what they predicted there.

    Runs of the same fold are fused by WBF, runs of different folds are joined.

    Raises:
        PodiumError: If there are no runs, or they were judged on different splits or files.
    """
    evidence = read_evidence(runs)
    check_same_split(evidence)
    check_same_boxes(evidence)
    by_fold: dict[int, list[Evidence]] = {}
    for each, run in zip(evidence, runs, strict=True):
        by_fold.setdefault(run.val_fold, []).append(each)
    gts, tables = [], []
    for fold in sorted(by_fold):
        pooled = pool([[each] for each in by_fold[fold]])
        gts.append(pooled.gt)
        tables.append(_fused(pooled.models, pooled.gt, are_of_labels(runs)))
    source = ", ".join(table.source for table in tables)
    return concatenate_ground_truth(gts), concatenate_predictions(tables, source)


def are_of_labels(runs: Sequence[Run]) -> bool:
    """Return whether runs label images or regions, rather than find boxes."""
    return bool(runs) and metric_of(runs[0].record.metric).is_of_labels


def _fused(models: Sequence[Predictions], gt: GroundTruth, is_of_labels: bool) -> Predictions:
    """Return the predictions of one fold, fused where there are several models."""
    if len(models) == 1:
        return models[0]
    config = FusionConfig(**of_labels()) if is_of_labels else FusionConfig(skip_box_thr=0.01)
    return fuse(models, gt.images, config)
